"""The observatory under load: many sessions, mixed views and new computation, on one server.

Usage: python benchmarks/observatory.py [FOLDER] [--tables FOLDER] [--sessions N] [--seconds S]
                                        [--think S] [--new SHARE] [--marks N] [--seed N]

Starts `servio serve` on a finished study (the model world's without FOLDER) and drives it from
this process. Bounded by `--seconds`, and by the sessions' number. Prints

* seconds until the server says ready, and until the first page with its data is there;
* for one user, milliseconds of each view's data the first time and again;
* for N sessions, each waiting `--think` seconds on average between one answer and its next
  question, of which a share needs a definition or grouping the study does not hold: median, 95th
  and 99th percentile and the longest, apart for views and new computation; errors; questions a
  second; answers that said 304;
* memory of the server and its children, first and last quarter;
* cross-talk: sessions that each bring a table of their own ask for its numbers and for rows of one
  country and year; every answer must carry the asker's mark, `--marks` times.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import random
import re
import subprocess
import sys
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import numpy as np
import psutil

READY = re.compile(r"https?://[^\s/]+")
PATIENCE = 60.0
BY = ("industry", "manufacturing", "technology", "sectors", "economy")
NEW = (
    "service_input_share", "service_input_coefficient", "convergence_rate",
    "production_inducement", "service_content", "value_added_inducement",
)  # fmt: skip
Q = (0.5, 0.95, 0.99, 1.0)


@dataclass
class Tally:
    """Seconds by kind, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    unchanged: int = 0
    without: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)

    def show(self, title: str, spent: float) -> None:
        count = sum(map(len, self.seconds.values()))
        print(f"{title}: {count} questions, {count / spent:.1f} a second, "
              f"{len(self.errors)} errors, {self.unchanged} unchanged (304), "
              f"{self.without} of industries without output")  # fmt: skip
        for kind, seconds in sorted(self.seconds.items()):
            cells = "  ".join(f"{1000 * np.quantile(seconds, q):7.0f}" for q in Q)
            print(f"  {kind:<12} n={len(seconds):<6} p50 p95 p99 max, ms: {cells}")
        for text in self.errors[:5]:
            print("  error:", text)


@dataclass
class World:
    """What can be asked of the study; `held` has path, labels and years of what it holds."""

    measures: list[dict]
    countries: list[str]
    years: list[int]
    groupings: list[str]
    pages: dict[str, bool]
    industries: list[str]
    held: list[tuple[str, dict[str, list[str]], list[int]]] = field(default_factory=list)


def served(arguments: argparse.Namespace) -> tuple[subprocess.Popen, str, float]:
    """Server, its address and the seconds until it was ready."""
    command = [sys.executable, "-m", "servio", "serve", "--port", "0"]
    command += [arguments.folder] if arguments.folder else []
    command += ["--tables", arguments.tables] if arguments.tables else []
    began = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    found = READY.search(line)
    if not found:
        raise SystemExit(f"no server: {line}")
    return server, found[0], time.perf_counter() - began


def memory(server: subprocess.Popen) -> tuple[float, float]:
    """MiB of the server, and of its children; pages they share are divided among them (PSS)."""
    whole = psutil.Process(server.pid)

    def held(processes: list[psutil.Process]) -> float:
        total = 0
        for one in processes:
            with contextlib.suppress(psutil.Error):
                total += one.memory_full_info().pss
        return total / 2**20

    return held([whole]), held(whole.children(recursive=True))


def processor(server: subprocess.Popen) -> tuple[float, float]:
    """Processor seconds of the server, and of its children."""
    whole = psutil.Process(server.pid)
    own = sum(whole.cpu_times()[:2])
    return own, sum(sum(one.cpu_times()[:2]) for one in whole.children(recursive=True))


async def asked(
    client: httpx.AsyncClient, path: str, tally: Tally, kind: str, tags: dict[str, str]
) -> dict | None:
    """One question, asked again while the answer is 202."""
    began = time.perf_counter()
    try:
        while True:
            headers = {"if-none-match": tags[path]} if path in tags else {}
            answer = await client.get(path, headers=headers)
            if answer.status_code != 202:
                break
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError("still 202")
            await asyncio.sleep(0.3)
        tally.seconds[kind].append(time.perf_counter() - began)
        if answer.status_code == 304:
            tally.unchanged += 1
            return None
        if answer.status_code == 400 and "no output" in answer.text:
            tally.without += 1
            return None
        if answer.status_code != 200:
            tally.errors.append(f"{answer.status_code} {path} {answer.text[:200]}")
            return None
        if "etag" in answer.headers:
            tags[path] = answer.headers["etag"]
        return (
            answer.json() if answer.headers["content-type"].startswith("application/json") else {}
        )
    except (httpx.HTTPError, TimeoutError) as error:
        tally.errors.append(f"{type(error).__name__} {path}")
        return None


def view(world: World, dice: random.Random) -> str:
    """The data of a view the study holds: what a click on a page asks for."""
    country, year = dice.choice(world.countries), dice.choice(world.years)
    path, labels, years = dice.choice(world.held)
    chosen = "".join(f"&{name}={quote(dice.choice(texts))}" for name, texts in labels.items())
    slices = [
        path + chosen,
        path + f"&year={dice.choice(years)}",
        path + f"&country={country}",
        path + "&bare=true",
    ]
    measure = dice.choices(slices, weights=(6, 2, 2, 2))[0]
    others = ["/api/study", "/api/tables"]
    if world.pages.get("chains") and world.industries:
        industry = dice.choice(world.industries)
        at = f"country={country}&year={year}"
        others += [f"/api/chains/sankey?{at}&industry={industry}", f"/api/chains/positions?{at}",
                   f"/api/chains/income?{at}&industry={industry}"]  # fmt: skip
    if world.pages.get("interaction"):
        others += [f"/api/interaction/community?country={country}&year={year}",
                   f"/api/interaction/modes?country={country}"]  # fmt: skip
    if "service_input_share" in path and "by=industry" in path and world.industries:
        cell = path.replace("/measure/", "/cell/").replace("&only=manufacturing", "")
        others.append(
            f"{cell}&country={country}&year={year}&industry={dice.choice(world.industries)}"
        )
    return measure if dice.random() < 0.6 else dice.choice(others)


def new(world: World, dice: random.Random) -> str:
    """A definition or grouping the study (most likely) does not hold."""
    country = dice.choice(world.countries)
    grouping, by = dice.choice(world.groupings), dice.choice(BY)
    return f"/api/measure/{dice.choice(NEW)}?grouping={grouping}&by={by}&country={country}"


async def first(address: str) -> tuple[float, World]:
    """Seconds until the first page and its data are there."""
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        page = (await client.get("/")).text
        for name in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
            await client.get("/" + name.lstrip("./"))
        found = (await client.get("/api/study")).json()
    spent = time.perf_counter() - began
    held = [m for m in found["measures"] if m["computed"]]
    groupings = [g["name"] for g in found["groupings"] if g["name"] in found["definitions"]]
    groupings += ["services", "kibs", "kiet", "producer"]
    known = {g["name"] for g in found["groupings"]}
    years = sorted({y for s in found["sources"] for y in s["years"]})
    goods = [i["code"] for i in next(iter(found["industries"].values()), []) if not i["service"]]
    return spent, World(held, [c["code"] for c in found["countries"]], years,
                        [g for g in groupings if g in known], found["pages"], goods)  # fmt: skip


async def opened(address: str, world: World) -> None:
    """Ask for each measure the study holds once: which labels it has."""
    tally, began = Tally(), time.perf_counter()
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        for spec in world.measures:
            for own in spec["computed"]:
                options = "&".join(f"{k}={quote(v)}" for k, v in own["options"].items())
                only = f"&only={own['only']}" if own.get("only") else ""
                path = f"/api/measure/{spec['name']}?{options}{only}"
                found = await asked(client, path + "&bare=true", tally, "open", {})
                if found:
                    world.held.append((path, found["labels"], found["years"] or world.years))
    tally.show("one user opens each measure for the first time", time.perf_counter() - began)


async def one_user(address: str, world: World, seed: int) -> None:
    dice = random.Random(seed)
    cold, warm = Tally(), Tally()
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        paths = list(dict.fromkeys(view(world, dice) for _ in range(150)))
        for path in paths:
            await asked(client, path, cold, "view", {})
        for path in paths:
            await asked(client, path, warm, "view", {})
        for path in dict.fromkeys(new(world, dice) for _ in range(20)):
            await asked(client, path, cold, "new", {})
    spent = time.perf_counter() - began
    cold.show("one user, first time", spent)
    warm.show("one user, again", spent)


async def session(
    number: int, address: str, world: World, arguments: argparse.Namespace, until: float,
    tally: Tally,
) -> None:  # fmt: skip
    dice = random.Random(arguments.seed * 100_003 + number)
    tags: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        await asyncio.sleep(dice.random() * max(arguments.think, 0.05))
        while time.perf_counter() < until:
            fresh = dice.random() < arguments.new
            path = new(world, dice) if fresh else view(world, dice)
            await asked(client, path, tally, "new" if fresh else "view", tags)
            await asyncio.sleep(dice.expovariate(1 / arguments.think) if arguments.think else 0)


async def load(
    server: subprocess.Popen, address: str, world: World, arguments: argparse.Namespace
) -> None:
    tally, began, before = Tally(), time.perf_counter(), processor(server)
    until = began + arguments.seconds

    async def watch() -> None:
        while time.perf_counter() < until:
            tally.memory.append(memory(server))
            await asyncio.sleep(5)

    await asyncio.gather(
        watch(),
        *(session(i, address, world, arguments, until, tally) for i in range(arguments.sessions)),
    )
    tally.show(f"{arguments.sessions} sessions, {arguments.seconds} s", time.perf_counter() - began)
    own, children = np.subtract(processor(server), before)
    print(f"  processor seconds: server {own:.1f}, children {children:.1f}")
    held = np.array(tally.memory)
    quarter = max(1, len(held) // 4)
    for name, of in (("server", held[:, 0]), ("children", held[:, 1]), ("both", held.sum(axis=1))):
        means = "  ".join(f"{part.mean():.0f}" for part in np.array_split(of, 10) if len(part))
        growth = of[-quarter:].mean() / of[quarter : 2 * quarter].mean()
        print(f"  memory of {name}, MiB, by tenths of the time: {means}; most {of.max():.0f}; "
              f"last quarter over second {growth:.3f}")  # fmt: skip


# -- cross-talk ------------------------------------------------------------------------------------

DESCRIPTION = """
[table]
title = "A table of one session"
year = 2014
Z = "z.csv"
x = "x.csv"
"""


def own_table(mark: int) -> bytes:
    """A table whose output multiplier of `a` is 1 / (1 - 1 / mark)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("table.toml", DESCRIPTION)
        archive.writestr("z.csv", ",a,b\na,1,0\nb,0,0\n")
        archive.writestr("x.csv", f",output\na,{mark}\nb,1\n")
    return out.getvalue()


async def marked(number: int, address: str, world: World, checks: int, wrong: list[str]) -> int:
    mark, done = 100 + number, 0
    dice = random.Random(number)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        headers = {"x-file-name": "own.zip", "origin": address}
        sent = await client.post("/api/uploads", content=own_table(mark), headers=headers)
        id, tally = sent.json()["table"], Tally()
        await asked(client, f"/api/uploads/{id}", tally, "own", {})
        while done < checks:
            own = await asked(
                client, f"/api/measure/output_multiplier?table={id}", tally, "own", {}
            )
            value = own["columns"]["value"][0] if own else None
            if value is None or abs(value - 1 / (1 - 1 / mark)) > 1e-12:
                wrong.append(f"session {number}: {value}")
            country, year = dice.choice(world.countries), dice.choice(world.years)
            path = f"/api/measure/service_input_share?by=economy&country={country}&year={year}"
            rows = await asked(client, path, tally, "rows", {})
            columns = rows["columns"] if rows else {"country": [None], "year": [None]}
            if set(columns["country"]) != {country} or set(columns["year"]) != {year}:
                wrong.append(f"session {number}: {country} {year} got {columns}")
            done += 2
        wrong += tally.errors
    return done


async def cross_talk(address: str, world: World, checks: int) -> None:
    wrong: list[str] = []
    each = -(-checks // 20)
    done = await asyncio.gather(*(marked(i, address, world, each, wrong) for i in range(20)))
    print(f"cross-talk: {len(wrong)} of {sum(done)} checks in 20 sessions", *wrong[:3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="")
    parser.add_argument("--tables", default="")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=2.0)
    parser.add_argument("--new", type=float, default=0.1)
    parser.add_argument("--marks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    server, address, ready = served(arguments)
    try:
        spent, world = asyncio.run(first(address))
        print(f"ready after {ready:.1f} s; first page with its data {spent:.2f} s later")
        asyncio.run(opened(address, world))
        asyncio.run(one_user(address, world, arguments.seed))
        asyncio.run(load(server, address, world, arguments))
        asyncio.run(cross_talk(address, world, arguments.marks))
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
