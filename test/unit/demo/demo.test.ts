import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "../../../demo/client.ts";
import { followAll } from "../../../demo/follow.ts";
import { IMAGES } from "../../../demo/families/index.ts";
import type { DemoImage } from "../../../demo/family.ts";
import { LiveProgress } from "../../../demo/live-progress.ts";
import { parseOptions } from "../../../demo/options.ts";
import { verdictTable } from "../../../demo/table.ts";
import { wrap } from "../../../demo/wrap.ts";
import type { Io } from "../../../src/cli/io.ts";
import { styleFor } from "../../../src/cli/terminal-text.ts";
import { InputError } from "../../../src/domain/errors.ts";

const PLAIN = styleFor(false, {});
const IMAGE: DemoImage = { name: "shop/web:1", family: "Signed", what: "an image", publish: () => Promise.resolve() };

function listeningIo(errIsTerminal: boolean, said: string[]): Io {
  return {
    out: () => undefined,
    err: (text) => void said.push(text),
    outIsTerminal: false,
    errIsTerminal,
    env: {},
    cwd: "/",
    writeFile: () => Promise.resolve(),
    onStop: () => () => undefined,
  };
}

test("an image whose job failed without a verdict is shown as such, with the service's reason", async () => {
  const job = { id: "j1", image: "127.0.0.1:1/shop/web:1", state: "waiting" };
  const failed = { ...job, state: "failed", problem: { code: "unreachable", message: `${job.image} is away` } };
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const text = [job, failed].map((state) => `event: state\ndata: ${JSON.stringify(state)}\n\n`).join("");
    response.write(text.slice(0, 30));
    void sleep(20).then(() => response.end(text.slice(30)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const said: string[] = [];
    const progress = new LiveProgress(listeningIo(false, said), [IMAGE.name]);
    const submitted = { ...job, verdict: undefined, problem: undefined };
    const judged = await followAll([submitted], [IMAGE], new Client(url, AbortSignal.timeout(5000)), progress);
    assert.equal(judged[0]?.outcome.kind, "unresolved");
    assert.deepEqual(said, ["  1/1 verified shop/web:1\n"]);
    const table = verdictTable(judged, 80, PLAIN).join("\n");
    assert.match(table, /\? could not tell +shop\/web:1 +an image\n +└ The image is away/);
  } finally {
    server.close();
  }
});

test("progress on a terminal is one line that is redrawn and then removed", () => {
  const said: string[] = [];
  const progress = new LiveProgress(listeningIo(true, said), ["one", "two"]);
  progress.tell("one", "active");
  progress.tell("one", "done");
  progress.tell("one", "done");
  progress.end();
  assert.equal(said.length, 4);
  assert.match(said[1] ?? "", /0 done, 1 being verified, 1 waiting/);
  assert.match(said[2] ?? "", /█{10}░{10} {2}1 done, 0 being verified, 1 waiting/);
  assert.ok(said.every((text) => text.startsWith("\r\u001b[K") && !text.includes("\n")));
});

test("texts are broken between words, long words inside, and what is too much ends in a sign of it", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("abcdefgh i", 4), ["abcd", "efgh", "i"]);
  assert.deepEqual(wrap("one two three four", 7, 2), ["one two", "three …"]);
});

test("no row of the table is wider than the terminal", () => {
  const outcome = {
    kind: "unresolved",
    image: "x",
    problem: { code: "unreachable", message: "word ".repeat(200), retryable: true },
  } as const;
  const lines = verdictTable(
    IMAGES.map((image) => ({ image, outcome })),
    80,
    PLAIN,
  );
  assert.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  );
});

test("images stand below the heading of their family, which is told once", () => {
  const problem = { code: "unreachable", message: "away", retryable: true } as const;
  const outcome = { kind: "unresolved", image: "x", problem } as const;
  const images = [IMAGE, { ...IMAGE, name: "shop/cart:1" }, { ...IMAGE, name: "gpg/web:1", family: "By GPG" }];
  const lines = verdictTable(
    images.map((image) => ({ image, outcome })),
    80,
    PLAIN,
  );
  const shown = lines.flatMap((line) => /^── .*|\S+:1/.exec(line)?.[0] ?? []);
  assert.deepEqual(shown, ["── Signed", "shop/web:1", "shop/cart:1", "── By GPG", "gpg/web:1"]);
});

test("options are read, and what is none is refused", () => {
  assert.deepEqual(parseOptions(["--once", "--port", "7071"]), { once: true, help: false, port: 7071 });
  assert.deepEqual(parseOptions([]), { once: false, help: false, port: undefined });
  for (const args of [["--port", "0"], ["--port", "70000"], ["--port", "x"], ["--quick"], ["word"]])
    assert.throws(() => parseOptions(args), InputError);
});
