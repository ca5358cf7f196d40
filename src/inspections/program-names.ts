import { interpreterOf, isBuildToolName, isNamed, names } from "./executables.ts";

/** What programs are called that an intruder would look for besides a shell and the system's package manager (reference: inspection, 1.4). */

/** `dotnet` is left out: the runtime and the kit have one program of that name. */
const LANGUAGE_PACKAGE_MANAGERS = names(
  "pip pipx easy_install npm npx corepack yarn yarnpkg pnpm bower gem bundle bundler cargo rustup go composer composer.phar pear pecl conda mamba micromamba uv uvx poetry pdm nuget mvn gradle sbt luarocks cpan cpanm opam stack cabal mix rebar3 bun",
);
const NETWORK_TOOLS = names(
  "curl wget nc nc.openbsd nc.traditional ncat netcat socat ssh scp sftp sshd sshd-session dropbear dropbearmulti dbclient tinysshd telnet telnetd ftp ftpget ftpput tftp lftp ncftp rsync aria2c lynx links elinks w3m nmap tcpdump dig nslookup host ip ifconfig ping ping6 traceroute traceroute6 tcpsvd udpsvd ssl_client openssl gdbserver",
);
const PRIVILEGE_TOOLS = names(
  "sudo sudo-rs sudoedit doas su su-rs runuser pkexec gosu su-exec setpriv setuidgid s6-setuidgid chpst capsh chroot pivot_root switch_root nsenter unshare mount newuidmap newgidmap",
);
/** Parts of compilers that are called without their drivers' names, and debuggers, which are left behind beside them. */
const COMPILER_PARTS = names(
  "cc1 cc1plus collect2 cpp gccgo gfortran gdc gnat rustdoc lld ld.bfd ld.gold ld.lld gdb lldb strace ltrace",
);
/** `x86_64-linux-gnu-gcc-12`: what Debian's `gcc` is a link to. */
const TARGET = /^(?:[a-z0-9_]+-){2,4}(?=[a-z])/;

export function isLanguagePackageManagerName(base: string): boolean {
  return isNamed(base, LANGUAGE_PACKAGE_MANAGERS);
}

export function isNetworkToolName(base: string): boolean {
  return isNamed(base, NETWORK_TOOLS);
}

export function isPrivilegeToolName(base: string): boolean {
  return isNamed(base, PRIVILEGE_TOOLS);
}

/** Compilers, version control and debuggers, under their plain names or for a named machine. */
export function isCompilerName(base: string): boolean {
  const plain = base.replace(TARGET, "");
  return isPlainCompilerName(base) || (plain !== base && isPlainCompilerName(plain));
}

function isPlainCompilerName(name: string): boolean {
  return isBuildToolName(name) || isNamed(name, COMPILER_PARTS);
}

export function isInterpreterName(base: string): boolean {
  return interpreterOf(base) !== undefined;
}
