/** What programs are called. Names decide which entries are kept and what a program is taken for (reference: inspection, 1.4). */
export function names(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

const SHELLS = names(
  "sh bash rbash dash ash zsh rzsh ksh rksh lksh mksh pdksh oksh loksh csh tcsh fish busybox toybox nu pwsh elvish xonsh rc es yash sash posh hush ion murex oil osh ysh",
);
/** Shells that are written in a scripting language; a script under any other shell's name is somebody's script. */
const SCRIPTED_SHELLS = names("xonsh");
const PACKAGE_MANAGERS = names(
  "apt apt-get aptitude dpkg apk dnf dnf5 yum microdnf tdnf rpm zypper pacman opkg emerge xbps-install swupd nix nix-env guix snap flatpak brew",
);
const SMALL_PACKAGE_MANAGERS = names("apk microdnf tdnf opkg");
const SSH_SERVERS = names("sshd sshd-session dropbear dropbearmulti tinysshd");
const COMPILERS = names("gcc g++ cc c++ clang clang++ tcc ld as make gmake cmake ninja rustc javac tsc go");
const VERSION_CONTROL = names("git svn hg bzr fossil");
const INTERPRETERS: readonly (readonly [RegExp, string])[] = [
  [/^python[0-9.]*$/, "python"],
  [/^pypy[0-9.]*$/, "python"],
  [/^perl[0-9.]*$/, "perl"],
  [/^ruby[0-9.]*$/, "ruby"],
  [/^(?:node|nodejs)[0-9.]*$/, "node"],
  [/^(?:deno|bun)$/, "node"],
  [/^php[0-9.]*$/, "php"],
  [/^lua(?:jit)?[0-9.-]*$/, "lua"],
  [/^tclsh[0-9.]*$/, "tcl"],
  [/^guile[0-9.]*$/, "guile"],
  [/^java$/, "java"],
  [/^(?:dotnet)$/, "dotnet"],
  [/^(?:R|Rscript|julia)$/, "statistics"],
  [/^(?:awk|gawk|mawk|nawk)$/, "awk"],
];

/** `bash-static`, `bash-5.2`, `sh.distrib`, `ksh93`: the same program under a longer name. */
const SUFFIX = /(?:[-._](?:static|musl|real|bin|orig|distrib|original|[0-9][0-9.]*)|[0-9][0-9.]*)$/;

/** Whether a program of that name is one of these, whatever version or variant its name adds. */
export function isNamed(base: string, known: ReadonlySet<string>): boolean {
  return known.has(base) || known.has(base.replace(SUFFIX, ""));
}

/** Whether an entry of that name is kept whatever its mode. */
export function isNotableName(base: string): boolean {
  return (
    NOTABLE.has(base) ||
    isMultiCallName(base) ||
    isLoaderName(base) ||
    isLibcName(base) ||
    NOTABLE.has(base.replace(SUFFIX, ""))
  );
}

const NOTABLE: ReadonlySet<string> = new Set([...SHELLS, ...PACKAGE_MANAGERS, ...SSH_SERVERS]);

export function isShellName(base: string): boolean {
  return isNamed(base, SHELLS) || isMultiCallName(base);
}

export function isScriptedShellName(base: string): boolean {
  return isNamed(base, SCRIPTED_SHELLS);
}

export function isPackageManagerName(base: string): boolean {
  return isNamed(base, PACKAGE_MANAGERS);
}

export function isSmallPackageManagerName(base: string): boolean {
  return isNamed(base, SMALL_PACKAGE_MANAGERS);
}

export function isSshServerName(base: string): boolean {
  return isNamed(base, SSH_SERVERS);
}

export function isBuildToolName(base: string): boolean {
  return isNamed(base, COMPILERS) || isNamed(base, VERSION_CONTROL);
}

/** One file that is many programs by the name it is called with. */
export function isMultiCallName(base: string): boolean {
  return base.startsWith("busybox") || base.startsWith("toybox");
}

/** The language a program of that name interprets, such as `python`. */
export function interpreterOf(base: string): string | undefined {
  return INTERPRETERS.find(([pattern]) => pattern.test(base))?.[1];
}

/** `libc.so.6`, `libssl.so`. */
export function isSharedLibraryName(base: string): boolean {
  return /\.so(?:\.[0-9][0-9.]*)?$/.test(base);
}

/** The program that loads dynamic executables: glibc's or musl's, wherever it stands. */
export function isLoaderName(base: string): boolean {
  return base.startsWith("ld") && LOADER.test(base);
}

/** The C library itself, under any of the names that programs or links have for it; it needs no execute bit. */
export function isLibcName(base: string): boolean {
  return (base.startsWith("lib") && LIBC.test(base)) || base.startsWith("ld-musl-");
}

const LIBC = /^(?:libc\.so(?:\.[0-9]+)?|libc-[0-9.]+\.so|libc\.musl-.*|libuClibc-.*)$/;

const LOADER = /^(?:ld-linux.*\.so.*|ld-musl-.*|ld64\.so\..*|ld\.so\.[0-9].*|ld-[0-9.]+\.so)$/;

export function isElf(head: string): boolean {
  return head.startsWith("\x7fELF");
}

export function isScript(head: string): boolean {
  return head.startsWith("#!");
}
