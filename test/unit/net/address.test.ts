import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { refusedAddress } from "../../../src/net/address.ts";

const REFUSED = [
  ["0.0.0.0", "this network"],
  ["10.0.0.1", "private"],
  ["10.255.255.255", "private"],
  ["100.64.0.1", "carrier-grade NAT"],
  ["100.100.100.200", "carrier-grade NAT"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["168.63.129.16", "Azure platform service"],
  ["169.254.169.254", "link-local or cloud metadata"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.0.0.192", "IETF assignment"],
  ["192.0.2.1", "documentation"],
  ["192.168.1.1", "private"],
  ["198.18.0.1", "benchmarking"],
  ["198.51.100.7", "documentation"],
  ["203.0.113.9", "documentation"],
  ["224.0.0.1", "multicast"],
  ["239.255.255.250", "multicast"],
  ["255.255.255.255", "reserved or broadcast"],
  ["::", "not global unicast"],
  ["::1", "not global unicast"],
  ["::127.0.0.1", "not global unicast"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["::ffff:169.254.169.254", "link-local or cloud metadata"],
  ["0:0:0:0:0:ffff:a00:1", "private"],
  ["64:ff9b::a9fe:a9fe", "link-local or cloud metadata"],
  ["64:ff9b::10.0.0.1", "private"],
  ["64:ff9b:1::1", "not global unicast"],
  ["fc00::1", "not global unicast"],
  ["fd00:ec2::254", "not global unicast"],
  ["fe80::1", "not global unicast"],
  ["fe80::1%eth0", "not global unicast"],
  ["fec0::1", "not global unicast"],
  ["ff02::1", "not global unicast"],
  ["100::1", "not global unicast"],
  ["2001::1", "IETF assignment"],
  ["2001:db8::1", "documentation"],
  ["2002:7f00:1::", "6to4"],
  ["3fff::1", "documentation"],
  ["localhost", "not an address"],
  ["", "not an address"],
  ["0177.0.0.1", "not an address"],
  ["2130706433", "not an address"],
] as const;

test("refuses every address that is not public, by the name of its block", () => {
  for (const [address, why] of REFUSED) assert.equal(refusedAddress(address), why, address);
});

test("lets public addresses pass, wrapped ones included", () => {
  const open = ["1.1.1.1", "8.8.8.8", "11.0.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1"];
  const more = [
    "172.15.255.255",
    "172.32.0.0",
    "169.253.0.1",
    "192.0.1.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
  ];
  const six = ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::808:808"];
  for (const address of [...open, ...more, ...six]) assert.equal(refusedAddress(address), undefined, address);
});

test("judges an IPv4 address and its IPv6 wrappings alike", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const plain = refusedAddress(address);
      assert.equal(refusedAddress(`::ffff:${address}`), plain);
      assert.equal(refusedAddress(`64:ff9b::${address}`), plain);
    }),
  );
});

test("says something of any text without failing", () => {
  fc.assert(fc.property(fc.oneof(fc.ipV6(), fc.string()), (text) => void refusedAddress(text)));
});
