import type { InspectedImage } from "./inspection.ts";
import { isScript } from "./executables.ts";
import { followPath } from "./tree-path.ts";
import { newBudget } from "./tree.ts";

/** Programs with which a container that starts as root becomes somebody else (reference: inspection, 3.4). */
const TOOLS = new Set("gosu su-exec setpriv s6-setuidgid setuidgid chpst runuser".split(" "));
const TOOL_FOLDERS = ["usr/local/bin", "usr/local/sbin", "usr/bin", "usr/sbin", "bin", "sbin", "command"];
/** Those that are there for nothing else: others come with every distribution. */
const TELLING = ["gosu", "su-exec", "s6-setuidgid"];

/** The program by which the image seems to step down from root once it runs; the runtimes and kubelets know nothing of it. */
export function stepDownTool({ config, content }: InspectedImage): string | undefined {
  const words = [...config.entrypoint, ...config.cmd].flatMap((argument) => argument.split(/\s+/));
  const named = words.map(baseOf).find((word) => TOOLS.has(word));
  if (named !== undefined) return named;
  if (words.some((word) => baseOf(word) === "chroot") && words.some((word) => word.startsWith("--userspec")))
    return "chroot";
  const [entrypoint = ""] = config.entrypoint;
  if (content.kind !== "merged" || entrypoint === "") return undefined;
  const { root } = content.tree;
  const at = (path: string) => followPath(root, path, newBudget())?.node;
  const script = programPaths(entrypoint, config.workingDir)
    .map(at)
    .find((node) => node?.kind === "file");
  if (script === undefined || !isScript(script.head)) return undefined;
  return TELLING.find((tool) => TOOL_FOLDERS.some((folder) => at(`${folder}/${tool}`)?.kind === "file"));
}

/** Where a program named in an entrypoint may stand: its own path, or a folder that is searched. */
export function programPaths(program: string, workingDir: string): readonly string[] {
  if (program.startsWith("/")) return [program];
  return program.includes("/") ? [`${workingDir}/${program}`] : TOOL_FOLDERS.map((folder) => `${folder}/${program}`);
}

function baseOf(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1);
}
