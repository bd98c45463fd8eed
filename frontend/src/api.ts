/** The server's answers: waits for a job, remembers what was asked, says what went wrong. */

import type { Study } from "./types";

export interface Fault {
  readonly place?: string;
  readonly found: string;
  readonly expected?: string;
  readonly remedy?: string;
}

/** A refusal of the server, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly fault: Fault,
  ) {
    super(fault.found);
  }
}

export interface Progress {
  readonly job: string;
  readonly done: number;
  readonly of: number;
  readonly place: number;
}

type Part = string | number | boolean | readonly (string | number)[] | null | undefined;
export type Query = Readonly<Record<string, Part>>;

const REMEMBERED = 80;
const PAUSE = 250;
const FORGOTTEN = /^(jobs|tables|uploads)/;

/** `address("measure/gvc", {country: ["KOR", "JPN"]})`: parameters in order, so equal questions are equal texts. */
export function address(path: string, query: Query = {}): string {
  const search = Object.entries(query)
    .filter(([, value]) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(Array.isArray(value) ? value.join(",") : String(value)).replaceAll("%2C", ",")}`)
    .join("&");
  const clean = path.split("/").map(encodeURIComponent).join("/");
  return `api/${clean}${search ? `?${search}` : ""}`;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as { error?: Fault } | null;
  return new ApiError(response.status, body?.error ?? { found: `HTTP ${response.status}` });
}

export class Api {
  #answers = new Map<string, unknown>();
  #mark: string | null = null;
  /** Called when the server no longer serves what this page was built for. */
  onStale: () => void = () => undefined;

  /** The study; its `version` is empty where servio runs without having been installed. */
  async study(): Promise<Study> {
    const response = await this.#send("api/study", {});
    if (!response.ok) throw await failure(response);
    const study = (await response.json()) as Study;
    return /^\d/.test(study.version) ? study : { ...study, version: "" };
  }

  /** Whether the server still has the study and the page this one came with. */
  async check(): Promise<void> {
    await this.#send("api/study", { cache: "no-cache" }).catch(() => undefined);
  }

  /**
   * One answer. While the server computes it (202), `progress` hears how far it is; aborting `signal`
   * stops the waiting, `cancel` also tells the server that this session no longer wants it.
   */
  async get<T>(
    path: string,
    query: Query = {},
    how: { signal?: AbortSignal; progress?: (progress: Progress) => void } = {},
  ): Promise<T> {
    const url = address(path, query);
    const known = this.#answers.get(url);
    if (known !== undefined) {
      this.#remember(url, known);
      return known as T;
    }
    for (;;) {
      const response = await this.#send(url, how.signal ? { signal: how.signal } : {});
      if (response.status === 202) {
        how.progress?.((await response.json()) as Progress);
        await pause(PAUSE, how.signal);
        continue;
      }
      if (!response.ok) {
        throw await failure(response);
      }
      const answer = (await response.json()) as T;
      if (!FORGOTTEN.test(path)) this.#remember(url, answer);
      return answer;
    }
  }

  async cancel(job: string): Promise<void> {
    await this.#send(address(`jobs/${job}`), { method: "DELETE" });
  }

  async remove(path: string): Promise<void> {
    const response = await this.#send(address(path), { method: "DELETE" });
    if (!response.ok) throw await failure(response);
  }

  /** Sends one file; `sent` hears the share that has gone (fetch does not say). */
  upload<T>(file: File, sent: (share: number) => void, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", "api/uploads");
      request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", (event) => sent(event.total > 0 ? event.loaded / event.total : 0));
      request.addEventListener("error", () => reject(new ApiError(0, { found: "no answer" })));
      request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      request.addEventListener("load", () => {
        this.#compare(request.getResponseHeader("x-servio"));
        const body = JSON.parse(request.responseText || "null") as (T & { error?: Fault }) | null;
        if (request.status < 300) resolve(body as T);
        else reject(new ApiError(request.status, body?.error ?? { found: `HTTP ${request.status}` }));
      });
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }

  #remember(url: string, answer: unknown): void {
    this.#answers.delete(url);
    this.#answers.set(url, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > REMEMBERED && oldest !== undefined) this.#answers.delete(oldest);
  }

  /** The header names study, version and page files: another one means another server than at the start. */
  #compare(mark: string | null): void {
    if (mark === null) return;
    if (this.#mark !== null && this.#mark !== mark) this.onStale();
    this.#mark ??= mark;
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    try {
      const response = await fetch(url, init);
      this.#compare(response.headers.get("x-servio"));
      return response;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError(0, { found: "no answer" });
    }
  }
}
