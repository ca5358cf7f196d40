import { END, entry, gnuLong, header, padded, pax, stamp, tar } from "./tar.ts";

/** A small deterministic generator, so that a seed names its inputs for ever (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const PASSWD = "root:x:0:0:root:/root:/bin/sh\n";

/** Archives that use everything a layer may. */
export function seedTars(): readonly Buffer[] {
  return [
    tar({ "etc/passwd": PASSWD, "bin/": { type: "5" }, "bin/sh": { mode: 0o755, body: "\x7fELF" } }),
    tar({
      "bin/sh": { link: "/bin/busybox" },
      "bin/ash": { type: "1", link: "bin/busybox" },
      "dev/null": { type: "3", device: [1, 3] },
    }),
    tar({ "bin/ping": { mode: 0o755, body: "x", pax: { "SCHILY.xattr.security.capability": "\x01\0\0\x02\0 \0\0" } } }),
    tar({ [`${"d/".repeat(80)}file`]: "deep", link: { link: "t".repeat(150) } }),
    Buffer.concat([
      gnuLong("L", "etc/long"),
      header({ name: "short", size: 3, magic: "ustar  \0" }),
      padded(Buffer.from("abc")),
      END,
    ]),
    Buffer.concat([pax({ comment: "x" }, "g", "pax_global_header"), entry("a", "1"), END]),
    Buffer.concat([
      header({ name: "v7file", size: 4, magic: "\0".repeat(8), patch: (block) => block.fill(0, 257) }),
      padded(Buffer.from("abcd")),
      END,
    ]),
    Buffer.concat([
      pax({ path: "etc/shadow", size: "5", uid: "0", mtime: "1.5" }),
      header({ name: "x", size: 5 }),
      padded(Buffer.from("12345")),
      END,
    ]),
    Buffer.concat([
      header({ name: "big", size: 2, patch: (block) => block.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], 124) }),
      padded(Buffer.from("hi")),
      END,
    ]),
    Buffer.concat([header({ name: "ln", type: "2", link: "x", size: 512 }), entry("etc/passwd", PASSWD), END]),
    Buffer.concat([
      pax({
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "etc/passwd",
        "GNU.sparse.realsize": "1",
      }),
      entry("GNUSparseFile.0/x", "1\n0\n1\n"),
      END,
    ]),
  ];
}

const INTERESTING = [0, 0x20, 0x2f, 0x30, 0x31, 0x35, 0x37, 0x38, 0x4c, 0x67, 0x78, 0x7f, 0x80, 0xff, 0x3d, 0x0a];
/** Where a header's fields begin: mutations there matter most. */
const FIELDS = [
  0, 99, 100, 108, 116, 124, 134, 135, 136, 148, 156, 157, 257, 262, 263, 265, 329, 337, 345, 357, 369, 386, 475, 482,
  483, 499, 508,
];

/** A damaged copy: bytes changed, blocks moved, pieces cut or joined; half the time with its checksums put right again. */
export function mutate(seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seeds[random(seeds.length)] ?? END);
  const changes = 1 + random(4);
  for (let change = 0; change < changes; change += 1) bytes = Buffer.from(mutateOnce(bytes, seeds, random));
  if (random(4) !== 0) restamp(bytes);
  return bytes;
}

function mutateOnce(bytes: Buffer, seeds: readonly Buffer[], random: (below: number) => number): Buffer {
  const blocks = Math.max(1, Math.floor(bytes.length / 512));
  const at = random(blocks) * 512;
  switch (random(8)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 512)]);
    case 1:
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(random(blocks) * 512).subarray(0, 512),
        bytes.subarray(at),
      ]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), seeds[random(seeds.length)] ?? END]);
    case 3:
      return bytes.subarray(0, random(bytes.length + 1));
    case 4:
      bytes[random(Math.max(1, bytes.length))] = INTERESTING[random(INTERESTING.length)] ?? 0;
      return bytes;
    default:
      bytes[Math.min(bytes.length - 1, at + (FIELDS[random(FIELDS.length)] ?? 0) + random(3))] =
        INTERESTING[random(INTERESTING.length)] ?? 0;
      return bytes;
  }
}

/** Puts a right checksum into every block that looks as if it were a header. */
function restamp(bytes: Buffer): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    const looksLikeHeader =
      block.subarray(257, 262).toString("latin1") === "ustar" ||
      /^[0-7]{6}\0[ \0]/.test(block.subarray(148, 156).toString("latin1"));
    if (looksLikeHeader) stamp(block);
  }
}
