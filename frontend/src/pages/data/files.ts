/** What is sent of the files a visitor chose: one file as it is, several as one archive. */

import { ApiError } from "../../api";
import type { texts } from "../../text/data";
import { packed } from "./pack";

type Say = ReturnType<typeof texts>;

const KILOBYTE = 2 ** 10;
const MEGABYTE = 2 ** 20;
const DESCRIPTION = /\.toml$/i;
const LONGEST = 90;

export const sizeOf = (bytes: number): string => (bytes < MEGABYTE ? `${Math.ceil(bytes / KILOBYTE)} kB` : `${Math.ceil(bytes / MEGABYTE)} MB`);

export const namesOf = (files: readonly File[]): string => files.map((file) => file.name).join(" + ");

function shortened(names: string): string {
  const letters = [...names];
  return letters.length <= LONGEST ? names : `${letters.slice(0, LONGEST - 1).join("")}…`;
}

async function read(file: File, t: Say, bytes = file.size): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(0, bytes).arrayBuffer());
  } catch {
    throw new ApiError(400, { place: file.name, found: t("own.changed"), expected: t("own.changed.expected"), remedy: t("own.changed.remedy") });
  }
}

/** One file of at most `most` bytes, or a refusal in four parts. */
export async function sendable(files: readonly File[], most: number, t: Say): Promise<File> {
  const place = shortened(namesOf(files));
  const small = (size: number) => {
    if (size > most)
      throw new ApiError(413, { place, found: t("own.too", { size: sizeOf(size) }), expected: t("own.too.expected", { size: sizeOf(most) }), remedy: t("own.too.remedy") });
  };
  small(files.reduce((sum, file) => sum + file.size, 0));
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    await read(only, t, 1);
    return only;
  }
  if (!files.some((file) => DESCRIPTION.test(file.name)))
    throw new ApiError(400, { place, found: t("own.untold", { n: files.length }), expected: t("own.untold.expected"), remedy: t("own.untold.remedy") });
  const members = [];
  for (const file of files) members.push({ name: file.name, bytes: await read(file, t) });
  const archive = new File(packed(members), place, { type: "application/zip" });
  small(archive.size);
  return archive;
}
