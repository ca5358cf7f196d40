/** Bits of a file capability set, after linux/capability.h. */
const NAMES = [
  "cap_chown",
  "cap_dac_override",
  "cap_dac_read_search",
  "cap_fowner",
  "cap_fsetid",
  "cap_kill",
  "cap_setgid",
  "cap_setuid",
  "cap_setpcap",
  "cap_linux_immutable",
  "cap_net_bind_service",
  "cap_net_broadcast",
  "cap_net_admin",
  "cap_net_raw",
  "cap_ipc_lock",
  "cap_ipc_owner",
  "cap_sys_module",
  "cap_sys_rawio",
  "cap_sys_chroot",
  "cap_sys_ptrace",
  "cap_sys_pacct",
  "cap_sys_admin",
  "cap_sys_boot",
  "cap_sys_nice",
  "cap_sys_resource",
  "cap_sys_time",
  "cap_sys_tty_config",
  "cap_mknod",
  "cap_lease",
  "cap_audit_write",
  "cap_audit_control",
  "cap_setfcap",
  "cap_mac_override",
  "cap_mac_admin",
  "cap_syslog",
  "cap_wake_alarm",
  "cap_block_suspend",
  "cap_audit_read",
  "cap_perfmon",
  "cap_bpf",
  "cap_checkpoint_restore",
] as const;

/** With one of these a program can make itself root, as a setuid program of root's is. */
const ROOT_LIKE: ReadonlySet<string> = new Set([
  "cap_chown",
  "cap_dac_override",
  "cap_dac_read_search",
  "cap_fowner",
  "cap_setgid",
  "cap_setuid",
  "cap_setpcap",
  "cap_sys_module",
  "cap_sys_rawio",
  "cap_sys_ptrace",
  "cap_sys_admin",
  "cap_setfcap",
  "cap_mac_admin",
  "cap_bpf",
]);

const REVISION_1_BYTES = 12;
const REVISION_2_BYTES = 20;

/**
 * Permitted and inheritable capabilities of `security.capability`, given as hexadecimal bytes: `vfs_cap_data`, little
 * endian, one pair of words in revision 1, two in 2 and 3. `undefined` for bytes of no known shape.
 */
export function parseCapability(hex: string): readonly string[] | undefined {
  const bytes = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const revision = bytes[3];
  const isKnown =
    (revision === 1 && bytes.length === REVISION_1_BYTES) ||
    ((revision === 2 || revision === 3) && bytes.length >= REVISION_2_BYTES);
  if (!isKnown) return undefined;
  return NAMES.filter((_, bit) => {
    const word = 4 + Math.floor(bit / 32) * 8 + Math.floor((bit % 32) / 8);
    const low = (bytes[word] ?? 0) | (bytes[word + 4] ?? 0);
    return (revision !== 1 || bit < 32) && (low & (1 << (bit % 8))) !== 0;
  });
}

/** Capabilities that amount to root; all of them where the bytes cannot be read. */
export function rootLikeCapabilities(hex: string): readonly string[] {
  if (hex === "") return [];
  return parseCapability(hex)?.filter((name) => ROOT_LIKE.has(name)) ?? ["unreadable capabilities"];
}
