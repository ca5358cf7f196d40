import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../src/domain/descriptor.ts";
import type { LayerContent } from "../../src/domain/layer-facts.ts";
import { entriesOf } from "../support/layer-facts.ts";
import { vectorFolder } from "../support/vectors.ts";

const folder = vectorFolder("adversarial-tars");

/** What we make of each: names in order, or why it is refused. Everything Go sees without an error we see, or refuse. */
const EXPECTED: Readonly<Record<string, string>> = {
  "01_after_eof.tar": "ambiguous-tar",
  "02_one_zero_block.tar": "ambiguous-tar",
  "03_pax_nul_path.tar": "malformed-tar",
  "04_pax_size_larger.tar": "ambiguous-tar",
  "05_pax_size_zero.tar": "ambiguous-tar",
  "06_L_then_x.tar": "ambiguous-tar",
  "07_x_then_L.tar": "ambiguous-tar",
  "08_x_size_L.tar": "ambiguous-tar",
  "09_g_path.tar": "ambiguous-tar",
  "10_g_size.tar": "ambiguous-tar",
  "11_hardlink_size.tar": "ambiguous-tar",
  "12_symlink_size.tar": "ambiguous-tar",
  "13_dir_size.tar": "ambiguous-tar",
  "14_v7_trailing_slash.tar": "ambiguous-tar",
  "15_gnu_magic_prefix.tar": "ambiguous-tar",
  "16_gnu_sparse_name.tar": "ambiguous-tar",
  "17_old_sparse_S.tar": "ambiguous-tar",
  "18_type7.tar": "ambiguous-tar",
  "19_unknown_type.tar": "ambiguous-tar",
  "20_neg_size.tar": "malformed-tar",
  "21_bad_checksum.tar": "malformed-tar",
  "22_pax_dup_path.tar": "seen",
  "23_pax_empty_path.tar": "seen",
  "24_dotdot.tar": "seen",
  "25_truncated_noeof.tar": "seen",
  "26_truncated_body.tar": "truncated",
  "27_two_x.tar": "ambiguous-tar",
  "28_space_size.tar": "seen",
  "29_xattr_cap.tar": "seen",
  "30_latin1_name.tar": "seen",
  "31_pax_linkpath_on_reg.tar": "seen",
  "40_multimember.tar.gz": "seen",
  "41_gz_trailing_garbage.tar.gz": "corrupt-compression",
  "42_gz_trailing_zeros.tar.gz": "corrupt-compression",
  "43_gz_member_zeros_member.tar.gz": "corrupt-compression",
  "44_gz_truncated.tar.gz": "truncated",
  "45_gz_badcrc.tar.gz": "corrupt-compression",
};

const GO_TYPE: Readonly<Record<string, string>> = { file: "0", directory: "5", symlink: "2", hardlink: "1" };

/** `"name":type:size/read …` as the list writes it, without Go's quoting of bytes that are not UTF-8. */
function goLine(name: string): string {
  const list = readFileSync(join(folder ?? "", "go-archive-tar.txt"), "latin1");
  return (
    list
      .split("\n")
      .find((line) => line.startsWith(`${name}\t`))
      ?.slice(name.length + 1) ?? ""
  );
}

function seenLine(bytes: Uint8Array): string {
  return entriesOf(bytes)
    .seen.map((one) => {
      const quoted = Buffer.from(one.name, "latin1")
        .toString("latin1")
        .replaceAll("\xe9", String.raw`\xe9`);
      const capability = one.capability === "" ? "" : ` cap=${one.capability}`;
      return `"${quoted}":${GO_TYPE[one.kind]}:${one.size}/${one.body.length}${capability}`;
    })
    .join(" | ");
}

async function read(bytes: Uint8Array): Promise<LayerContent> {
  const descriptor = plainDescriptor("application/vnd.oci.image.layer.v1.tar+gzip", digestOf(bytes), bytes.length);
  return createLayerReader().read(descriptor, ReadableStream.from([bytes]), new AbortController().signal);
}

test("has an expectation for every adversarial archive, if the vectors are here", (context) => {
  if (folder === undefined) {
    context.diagnostic("the vectors are absent: nothing was compared");
    return;
  }
  const archives = readdirSync(folder).filter((name) => /\.tar(?:\.gz)?$/.test(name));
  assert.deepEqual(archives.sort(), Object.keys(EXPECTED).sort());
});

for (const [name, expected] of folder === undefined ? [] : Object.entries(EXPECTED)) {
  test(`${expected === "seen" ? "sees what Go sees in" : `answers ${expected} to`} ${name}`, async () => {
    const bytes = readFileSync(join(folder ?? "", name));
    const content = await read(bytes);
    if (expected !== "seen") {
      assert.equal(content.kind === "uninspectable" ? content.reason : content.kind, expected);
      return;
    }
    assert.equal(content.kind, "walked");
    if (name.endsWith(".tar")) assert.equal(seenLine(bytes), goLine(name));
    else assert.equal(content.kind === "walked" ? content.facts.entryCount : 0, goLine(name).split(" | ").length);
  });
}
