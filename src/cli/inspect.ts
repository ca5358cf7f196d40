import { InputError, PortError } from "../domain/errors.ts";
import type { Config } from "../config.ts";
import type { ImageView, Unresolved } from "../pipeline/assay.ts";
import { closing } from "./app.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, exitCodeOfAll, unresolved, type ExitCode } from "./exit-code.ts";
import { parseImageArguments, type ImageArgument } from "./image-argument.ts";
import { orAbort } from "./judge-images.ts";
import { parsePlatformName } from "./platform-name.ts";
import { startProgress } from "./progress.ts";
import { deliver } from "./reports/deliver.ts";
import { factsText } from "./reports/facts-text.ts";
import { findReport } from "./reports/index.ts";
import { namingHosts, readSettings, SETTINGS } from "./settings.ts";
import { printableJson } from "./terminal-text.ts";

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

async function runInspect(context: Context): Promise<ExitCode> {
  const { args, io } = context;
  const format = findReport(args.value("format") ?? "text").name;
  const config = readSettings(args, io);
  const words = { words: args.operands, as: args.value("as"), cwd: io.cwd };
  const [image, ...more] = parseImageArguments(words);
  if (image === undefined || more.length > 0) {
    throw new InputError(
      "usage",
      `"assay inspect" takes one image, and ${more.length + 1} are given: run it once for each.`,
    );
  }
  const answer = await look(image, config, context);
  if (answer.kind === "unresolved") return tellUnresolved(answer, format, context);
  await deliver(context, (style) => (format === "json" ? printableJson(shown(answer)) : factsText(answer, style)));
  return EXIT.allowed;
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
