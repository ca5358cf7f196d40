import { InputError } from "../domain/errors.ts";
import type { Config } from "../config.ts";
import type { NamedText } from "../app.ts";
import { closing } from "./app.ts";
import type { Command, Context } from "./command.ts";
import { exitCodeOfAll, type ExitCode, type Outcome } from "./exit-code.ts";
import type { Flag } from "./flags.ts";
import { parseImageArguments, type ImageArgument } from "./image-argument.ts";
import { judgeImages } from "./judge-images.ts";
import { oneOffPolicy } from "./one-off-policy.ts";
import { parsePlatformName } from "./platform-name.ts";
import { startProgress, type Progress } from "./progress.ts";
import { deliver } from "./reports/deliver.ts";
import { findReport, REPORT_WORDS } from "./reports/index.ts";
import { namingHosts, readSettings, SETTINGS } from "./settings.ts";

const NO_MANIFESTS =
  "(the images of Kubernetes manifests) is not supported by this version: name the images themselves.";

const FLAGS: readonly Flag[] = [
  SETTINGS.policy,
  { name: "format", value: "FORMAT", help: `the report: ${REPORT_WORDS} (default text)` },
  { name: "output", short: "o", value: "FILE", help: "write the report there in place of standard output" },
  { name: "platform", value: "PLATFORM", help: "judge this platform alone, such as linux/arm64" },
  { name: "key", value: "FILE", help: "require a cosign signature by this public key, in place of a policy" },
  {
    name: "certificate-identity",
    value: "TEXT",
    help: "require a keyless cosign signature by this subject, in place of a policy",
  },
  {
    name: "certificate-oidc-issuer",
    value: "URL",
    help: "with --certificate-identity: who must have vouched for the subject",
  },
  {
    name: "unsafe-ignore-transparency-log",
    help: "with --key: count signatures that no transparency log has recorded",
  },
  { name: "as", value: "REF", help: "the name an oci: or oci-archive: image will have" },
  { name: "server", value: "URL", help: "ask this Assay server in place of judging here" },
  { name: "token-file", value: "FILE", help: "file with the token for --server (or ASSAY_TOKEN)" },
  SETTINGS.plainHttp,
  SETTINGS.timeout,
  SETTINGS.ca,
  { name: "file", short: "f", value: "MANIFEST", help: "", refused: NO_MANIFESTS },
];

/** `assay verify IMAGE…`: judges images and exits by the answer. */
export const verify: Command = {
  name: "verify",
  summary: "judge images by policy",
  operands: "IMAGE… [options]",
  flags: FLAGS,
  notes: [
    "An image is a registry reference, oci:DIR[:TAG] or oci-archive:FILE[:TAG].",
    "--format json prints the verdict object for one image, as the HTTP API gives it, and an array of them for several.",
    "Exit: 0 allowed (warnings included), 1 denied, 2 denied only because something could not be determined or the server could not be reached, 3 usage or configuration.",
  ],
  run: runVerify,
};

async function runVerify(context: Context): Promise<ExitCode> {
  const { args, io } = context;
  refuseContradictions(context);
  const report = findReport(args.value("format") ?? "text");
  const config = readSettings(args, io);
  const given = { words: args.operands, as: args.value("as"), cwd: io.cwd };
  const images = parseImageArguments(given);
  const progress = startProgress(io);
  const outcomes = await judge(images, config, { ...context, progress }).finally(() => progress.end());
  await deliver(context, (style) => report.format(outcomes, style));
  return exitCodeOfAll(outcomes);
}

function refuseContradictions({ args }: Context): void {
  const clash = (flag: string, other: string, why: string): void => {
    if (args.has(flag) && args.has(other))
      throw new InputError("usage", `--${flag} and --${other} exclude each other: ${why}.`);
  };
  clash("key", "policy", "the key stands for a policy of its own");
  clash("certificate-identity", "policy", "the identity stands for a policy of its own");
  clash("certificate-identity", "key", "write a policy file that asks for either or both");
  for (const flag of ["policy", "key", "certificate-identity", "platform", "as"])
    clash(flag, "server", "the server judges by its own policies");
  if (args.has("unsafe-ignore-transparency-log") && !args.has("key")) {
    const mend = "in a policy file, write transparencyLog: unsafeIgnored on the authority";
    throw new InputError("usage", `--unsafe-ignore-transparency-log goes with --key: ${mend}.`);
  }
  if (args.has("certificate-identity") !== args.has("certificate-oidc-issuer")) {
    const why = "a name means nothing without who vouched for it, nor the other way round";
    throw new InputError("usage", `--certificate-identity and --certificate-oidc-issuer go together: ${why}.`);
  }
  if (args.has("token-file") && !args.has("server")) {
    throw new InputError("usage", "--token-file goes with --server: nothing else asks for a token.");
  }
}

type Working = Context & { readonly progress: Progress };

async function judge(images: readonly ImageArgument[], config: Config, work: Working): Promise<readonly Outcome[]> {
  if (!work.args.has("server")) return judgeHere(images, config, work);
  // An HTTP client and the answers' schemas are loaded only by who needs them.
  const { judgeThere } = await import("./judge-there.ts");
  return judgeThere(images, config, work);
}

async function judgeHere(images: readonly ImageArgument[], config: Config, work: Working): Promise<readonly Outcome[]> {
  const { args, tools, progress } = work;
  progress.say("reading policies");
  const { concurrency, verifyTimeoutMs: timeoutMs } = config;
  const options = {
    purpose: "verify",
    inlinePolicies: inlinePolicies(images, work),
    localImages: images.flatMap(({ local }) => (local === undefined ? [] : [local])),
    platform: parsePlatformName(args.value("platform")),
  } as const;
  await using running = closing(await tools.compose(namingHosts(config, images), options));
  return await judgeImages(images, {
    assay: running.app.assay,
    verdictJson: tools.verdictJson,
    concurrency,
    timeoutMs,
    progress,
  });
}

function inlinePolicies(images: readonly ImageArgument[], { args, io }: Context): readonly NamedText[] {
  const key = args.value("key");
  const [subject, issuer] = [args.value("certificate-identity"), args.value("certificate-oidc-issuer")];
  const names = images.map(({ reference }) => reference);
  if (subject !== undefined && issuer !== undefined) {
    return [oneOffPolicy({ kind: "identity", subject, issuer }, names, io.cwd)];
  }
  if (key === undefined) return [];
  const isLogIgnored = args.has("unsafe-ignore-transparency-log");
  return [oneOffPolicy({ kind: "key", file: key, isLogIgnored }, names, io.cwd)];
}
