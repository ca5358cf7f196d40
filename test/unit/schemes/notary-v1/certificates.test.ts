import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { parseCertificate } from "../../../../src/crypto/certificate.ts";
import { commonNameOf } from "../../../../src/schemes/notary-v1/certificate-name.ts";
import { chainWindow } from "../../../../src/schemes/notary-v1/certificate-window.ts";
import {
  CA_EXTENSIONS,
  CODE_SIGNING,
  issue,
  keyUsage,
  purposes,
  subjectOf,
  type Issued,
} from "../../../support/signing/certificates.ts";
import { makeKey } from "../../../support/signing/keys.ts";

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";

suite("a certificate's common name", () => {
  const NAMES = {
    "stands among other attributes": [
      [
        [ORGANIZATION, "acme"],
        [COMMON_NAME, "shop/web"],
      ],
      "shop/web",
    ],
    "is no other attribute": [[[ORGANIZATION, "shop/web"]], undefined],
    "is none of two": [
      [
        [COMMON_NAME, "shop/web"],
        [COMMON_NAME, "shop/api"],
      ],
      undefined,
    ],
  } as const;
  for (const [what, [attributes, expected]] of Object.entries(NAMES)) {
    test(what, () => {
      const { der } = issue({ name: "", subject: subjectOf(...attributes), extensions: [] });
      assert.equal(commonNameOf(parseCertificate(der)), expected);
    });
  }
});

suite("of several chains to an authority", () => {
  const root = issue({
    name: "root",
    extensions: CA_EXTENSIONS,
    notBefore: "2010-01-01T00:00:00Z",
    notAfter: "2040-01-01T00:00:00Z",
  });
  const key = makeKey();
  const middle = (notBefore: string, notAfter: string): Issued =>
    issue({ name: "middle", issuer: root, key, extensions: CA_EXTENSIONS, notBefore, notAfter });
  const short = middle("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z");
  const long = middle("2022-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
  const leaf = issue({
    name: "leaf",
    issuer: long,
    extensions: [keyUsage(0x80, 7), purposes(false, CODE_SIGNING)],
    notBefore: "2019-01-01T00:00:00Z",
    notAfter: "2039-01-01T00:00:00Z",
  });
  const windowBy = (...intermediates: readonly Issued[]): unknown =>
    chainWindow(
      parseCertificate(leaf.der),
      intermediates.map(({ der }) => parseCertificate(der)),
      [parseCertificate(root.der)],
    );
  const expected = { notBefore: "2022-01-01T00:00:00.000Z", notAfter: "2030-01-01T00:00:00.000Z" };

  test("the one that holds longest counts, whichever comes first", () => {
    assert.deepEqual(windowBy(short, long), expected);
    assert.deepEqual(windowBy(long, short), expected);
  });

  test("none counts that does not reach it", () => assert.equal(typeof windowBy(), "string"));
});
