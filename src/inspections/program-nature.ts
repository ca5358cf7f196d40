/** Whether the whole program holds a text. */
type Holds = (text: string) => boolean;

/** Programs that are known by what they hold, whatever they are called. */
export type Family = {
  /**
   * A text without which no program is of this family, and that few others hold. All bytes are searched for it, so it is
   * short and begins with a byte that is rare in machine code: Node's search is then four times as fast.
   */
  readonly anchor: string;
  /** Not looked for in files that nobody may execute. */
  readonly executableOnly: boolean;
  /** What the program is, once its anchor was found; empty if that was chance. */
  readonly natureOf: (holds: Holds) => string;
};

/**
 * What tells one POSIX shell from another: its version variable, or a message of its own. In this order, since some hold
 * what comes later too.
 */
const POSIX_SHELLS: readonly (readonly [marker: string, name: string])[] = [
  ["BusyBox v", "busybox"],
  ["landley.net/toybox", "toybox"],
  ["BASH_VERSINFO", "bash"],
  ["ZSH_VERSION", "zsh"],
  ["MIRBSD KSH", "mksh"],
  ["LEGACY KSH", "mksh"],
  ["KSH_VERSION", "ksh"],
  ["POSH_VERSION", "posh"],
  ["YASH_", "yash"],
  // The initial value of a variable that dash keeps as text; busybox, which took it over, is told apart above.
  ["\0LINENO=\0", "dash"],
];

/**
 * A POSIX shell interprets `getopts`, whose name its table of builtins holds, and sets OPTIND. GNU make holds all names of
 * builtins, to know when it needs a shell, and not the variable. posh has no `unalias`, busybox writes a digit before each
 * name, zsh keeps `ulimit` in a module: none of these decides.
 */
const POSIX: Family = {
  anchor: "OPTIND",
  executableOnly: false,
  natureOf: (holds) => {
    if (!holds("getopts\0")) return "";
    const name = POSIX_SHELLS.find(([marker]) => holds(marker))?.[1];
    return name === undefined ? "shell" : `shell:${name}`;
  },
};

/** Two builtins of the C shell; zsh, which has both too, is known by OPTIND. */
const C_SHELL: Family = {
  anchor: "rehash",
  executableOnly: true,
  natureOf: (holds) =>
    holds("\0rehash\0") && holds("\0unalias\0") && !holds("OPTIND") ? `shell:${holds("tcsh") ? "tcsh" : "csh"}` : "",
};

/** An environment variable of fish's start, and an option that its two companion programs do not have. */
const FISH: Family = {
  anchor: "FISH_",
  executableOnly: true,
  natureOf: (holds) => (holds("FISH_NO_WSL_CHECK") && holds("init-command\0") ? "shell:fish" : ""),
};

/** Plan 9's shell: a builtin's name and a complaint. */
const RC: Family = {
  anchor: "whatis",
  executableOnly: true,
  natureOf: (holds) => (holds("\0whatis\0") && holds("rc: cannot shift") ? "shell:rc" : ""),
};

/** Go programs name the packages they are made of. */
const ELVISH: Family = {
  anchor: ".elv.",
  executableOnly: true,
  natureOf: (holds) => (holds("src.elv.sh/pkg/eval") ? "shell:elvish" : ""),
};

/** Many programs in one file, built without the shell: with it, they are found as such. */
const BUSYBOX: Family = {
  anchor: "BusyBo",
  executableOnly: true,
  natureOf: (holds) => (holds("BusyBox v") && holds("multi-call binary") ? "multi-call:busybox" : ""),
};

const TOYBOX: Family = {
  anchor: "Toybox",
  executableOnly: true,
  natureOf: (holds) => (holds("Toybox %s multicall") ? "multi-call:toybox" : ""),
};

/** The first that recognises a program says what it is. */
export const FAMILIES: readonly Family[] = [POSIX, C_SHELL, FISH, RC, ELVISH, BUSYBOX, TOYBOX];

/** Bytes of a program that are looked at, from its beginning; all shells that were met are smaller. */
export const MAX_PROGRAM_BYTES = 16 * 1024 * 1024;

export function isShellNature(nature: string): boolean {
  return nature === "shell" || nature.startsWith("shell:");
}

/** One file that is many programs by the name it is called with. */
export function isMultiCallNature(nature: string): boolean {
  return nature.startsWith("multi-call:") || nature === "shell:busybox" || nature === "shell:toybox";
}
