import { InputError, PortError } from "../domain/errors.ts";
import type { Config } from "../config.ts";
import type { ImageFacts } from "../domain/facts.ts";
import type { ImageView, Unresolved } from "../pipeline/assay.ts";
import { closing } from "./app.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, exitCodeOfAll, unresolved, type ExitCode } from "./exit-code.ts";
import { parseImageArguments, type ImageArgument } from "./image-argument.ts";
import { imageDiff } from "./image-diff.ts";
import { orAbort } from "./judge-images.ts";
import { parsePlatformName } from "./platform-name.ts";
import { startProgress } from "./progress.ts";
import { deliver } from "./reports/deliver.ts";
import { diffText } from "./reports/diff-text.ts";
import { factsText } from "./reports/facts-text.ts";
import { findReport } from "./reports/index.ts";
import { namingHosts, readSettings, SETTINGS } from "./settings.ts";
import { printableData, printableJson } from "./terminal-text.ts";

/** `assay inspect IMAGE`: everything that can be known of an image, whatever the policies ask. */
export const inspect: Command = {
  name: "inspect",
  summary: "show what an image is made of and who signed it",
  operands: "IMAGE [options]",
  flags: [
    SETTINGS.policy,
    { name: "format", value: "FORMAT", help: "text or json (default text)" },
    { name: "output", short: "o", value: "FILE", help: "write there in place of standard output" },
    { name: "platform", value: "PLATFORM", help: "show this platform alone, such as linux/arm64" },
    { name: "diff", value: "IMAGE", help: "compare with this image: its attack surface, packages, size and lints" },
    { name: "as", value: "REF", help: "the name an oci: or oci-archive: image will have" },
    SETTINGS.plainHttp,
    SETTINGS.timeout,
    SETTINGS.ca,
  ],
  notes: [
    "Signatures are judged by the authorities of the policy files, if there are any; without them only what was found is told.",
    "Exit: 0 shown, 1 there is no such image, 2 it could not be looked at, 3 usage or configuration.",
  ],
  run: runInspect,
};

const NO_IMAGE = "No image is named: give one, such as registry.example.com/shop/web:1.2.";

async function runInspect(context: Context): Promise<ExitCode> {
  const { args, io } = context;
  const format = findReport(args.value("format") ?? "text").name;
  const config = readSettings(args, io);
  if (args.operands.length > 1) {
    throw new InputError(
      "usage",
      `"assay inspect" takes one image, and ${args.operands.length} are given: run it once for each, or compare two with --diff.`,
    );
  }
  const other = args.value("diff");
  const words = [...args.operands, ...(other === undefined ? [] : [other])];
  const [image, against] = parseImageArguments({ words, as: args.value("as"), cwd: io.cwd });
  if (image === undefined || args.operands.length === 0) throw new InputError("usage", NO_IMAGE);
  const answer = await look(image, config, context);
  if (answer.kind === "unresolved") return tellUnresolved(answer, format, context);
  if (against !== undefined) return compare({ typed: image.typed, facts: answer.facts }, against, config, context);
  await deliver(context, (style) => (format === "json" ? printableJson(shown(answer)) : factsText(answer, style)));
  return EXIT.allowed;
}

type Seen = { readonly typed: string; readonly facts: ImageFacts };

async function compare(from: Seen, against: ImageArgument, config: Config, context: Context): Promise<ExitCode> {
  const format = findReport(context.args.value("format") ?? "text").name;
  const answer = await look(against, config, context);
  if (answer.kind === "unresolved") return tellUnresolved(answer, format, context);
  const diff = imageDiff(from.facts, answer.facts);
  const named = { from: nameOf(from), to: nameOf({ typed: against.typed, facts: answer.facts }) };
  await deliver(context, (style) =>
    format === "json"
      ? printableJson({ ...named, ...diff })
      : diffText(printableData(diff), printableData(named), style),
  );
  return EXIT.allowed;
}

function nameOf({ typed, facts }: Seen): string {
  return typed.includes(facts.digest) ? typed : `${typed}@${facts.digest}`;
}

/** The facts, and whose word names the image if it is not the registry's alone. */
function shown({ facts, signedName }: ImageView): object {
  return signedName === undefined ? facts : { ...facts, signedName };
}

async function look(image: ImageArgument, config: Config, context: Context): Promise<ImageView | Unresolved> {
  const platform = parsePlatformName(context.args.value("platform"));
  const progress = startProgress(context.io);
  progress.say(`inspecting ${image.typed}`);
  const localImages = image.local === undefined ? [] : [image.local];
  const options = { purpose: "inspect", inlinePolicies: [], localImages, platform } as const;
  try {
    await using running = closing(await context.tools.compose(namingHosts(config, [image]), options));
    const timeout = AbortSignal.timeout(config.verifyTimeoutMs);
    return await orAbort(running.app.assay.inspect(image.reference, timeout), timeout);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return {
      kind: "unresolved",
      image: image.typed,
      code: error.code,
      message: error.message,
      retryable: error.retryable,
    };
  } finally {
    progress.end();
  }
}

async function tellUnresolved(answer: Unresolved, format: string, context: Context): Promise<ExitCode> {
  const outcomes = [unresolved(answer)];
  await deliver(context, (style) => findReport(format).format(outcomes, style));
  return exitCodeOfAll(outcomes);
}
