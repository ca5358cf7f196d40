import { processIo, type Io } from "../src/cli/io.ts";
import { styleFor, type Style } from "../src/cli/terminal-text.ts";
import { Client } from "./client.ts";
import { followAll, type Judgement } from "./follow.ts";
import { guideLines } from "./guide.ts";
import { IMAGES } from "./families/index.ts";
import { LiveProgress } from "./live-progress.ts";
import { parseOptions, USAGE, type DemoOptions } from "./options.ts";
import { startService, type Service } from "./service.ts";
import { Stop } from "./stop.ts";
import { countsLine, verdictTable } from "./table.ts";
import { wrap } from "./wrap.ts";
import { Workshop } from "./workshop.ts";

type Stage = {
  readonly io: Io;
  readonly style: Style;
  readonly workshop: Workshop;
  readonly service: Service;
  readonly client: Client;
};

/** Runs the demonstration; 0 if every image got a verdict. Throws `InputError` for arguments that cannot be used. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const io = processIo();
  if (options.help) {
    io.out(USAGE);
    return 0;
  }
  using stop = new Stop();
  try {
    return await show(options, io, stop);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return 1;
  }
}

async function show(options: DemoOptions, io: Io, stop: Stop): Promise<number> {
  await using workshop = await Workshop.open();
  await using service = await startService(workshop, options.port);
  const client = new Client(service.url, stop.signal);
  const stage = { io, style: styleFor(io.outIsTerminal, io.env), workshop, service, client };
  introduce(stage);
  const judged = await verifyAll(stage);
  const columns = columnsOf(io);
  say(stage, ...verdictTable(judged, columns, stage.style), "", ...wrap(countsLine(judged), columns));
  await askAgain(stage);
  if (!options.once) await stayUp(stage, stop);
  return exitCodeOf(judged);
}

/** A denial is an answer; an image without a verdict is none. */
function exitCodeOf(judged: readonly Judgement[]): number {
  return judged.length > 0 && judged.every(({ outcome }) => outcome.kind === "judged") ? 0 : 1;
}

const ABOUT =
  "All of it was made for this run: the registry, a Notary server and a web server of GPG signatures, their certificate authority, and every key, certificate and log. Each family of images has a policy file of its own. That of the shop asks for images signed with the release key, distroless, without a shell and not root, and of payments a second signature; it warns of builds older than 90 days. The others ask for one way of signing each, the last for two of three.";

function introduce(stage: Stage): void {
  const { style, workshop, service } = stage;
  say(
    stage,
    style.strong("Assay: may this image run, and why?"),
    "",
    `  registry  ${workshop.registry.url}, holding ${IMAGES.length} images`,
    `  service   ${service.url.origin}, with its queue and records in one SQLite file`,
    `  policies  ${workshop.policy}`,
    "",
    ...wrap(ABOUT, columnsOf(stage.io)),
    "",
  );
}

async function verifyAll(stage: Stage): Promise<readonly Judgement[]> {
  const { io, workshop, client } = stage;
  await workshop.publish(IMAGES);
  const startedAt = performance.now();
  const jobs = await client.submit(IMAGES.map((image) => workshop.reference(image)));
  const progress = new LiveProgress(
    io,
    IMAGES.map(({ name }) => name),
  );
  const judged = await followAll(jobs, IMAGES, client, progress).finally(() => progress.end());
  const { length } = workshop.registry.requests;
  say(stage, `All were queued and verified: ${tookSince(startedAt)}, ${length} requests to the registry.`, "");
  return judged;
}

/** What is remembered costs next to nothing; the numbers are of this run. */
async function askAgain({ io, workshop, client }: Stage): Promise<void> {
  workshop.registry.forget();
  const startedAt = performance.now();
  const answered = await client.countAnswered(IMAGES.map((image) => workshop.reference(image)));
  const took = tookSince(startedAt);
  const looks = workshop.registry.seen({ kind: "manifest", method: "HEAD" }).length;
  const others = workshop.registry.requests.length - looks;
  const text = `Asked again, ${answered} are answered from memory: ${took}, ${looks} looks at where a tag points, ${others} other requests.`;
  say({ io }, ...wrap(text, columnsOf(io)));
}

async function stayUp(stage: Stage, stop: Stop): Promise<void> {
  const example = IMAGES.find(({ name }) => name === "shop/shell:1") ?? IMAGES[0];
  if (example !== undefined) say(stage, "", ...guideLines(stage, example, stage.style));
  await stop.asked();
  say(stage, "", "Stopping, and removing all of it.");
}

function tookSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(2)} s`;
}

/** Wide lines are hard to read, and narrow ones leave the reasons no room. */
function columnsOf(io: Io): number {
  return io.outIsTerminal ? Math.max(60, Math.min(100, process.stdout.columns)) : 100;
}

function say({ io }: Pick<Stage, "io">, ...lines: readonly string[]): void {
  io.out(lines.map((line) => `${line.trimEnd()}\n`).join(""));
}
