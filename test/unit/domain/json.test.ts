import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError } from "../../../src/domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  optionalStringArray,
  optionalStringMap,
  readStruct,
  requiredInteger,
  requiredString,
  type JsonObject,
  type JsonPlace,
} from "../../../src/domain/json.ts";
import { jsonValue } from "../../support/json-value.ts";

const PLACE: JsonPlace = { code: "manifest", path: "doc" };
const KNOWN = ["config", "layers", "k8s", "os.version"];

function object(value: unknown): JsonObject {
  return readStruct(jsonValue(value), [], PLACE);
}

function refused(action: () => unknown, about: RegExp): void {
  assert.throws(
    action,
    (error) => error instanceof InputError && error.code === "manifest" && about.test(error.message),
  );
}

test("refuses a key that Go would read into a known field though it is spelled otherwise", () => {
  const spellings = ["Config", "CONFIG", "confiG", "Layers", "layer\u017f", "LAYER\u017f", "\u212a8s", "\u212a8\u017f"];
  spellings.push("K8S", "k8\u017f", "OS.Version", "o\u017f.ver\u017fion");
  for (const key of spellings) {
    refused(
      () => readStruct(jsonValue({ [key]: 1 }), KNOWN, PLACE),
      /^doc is ambiguous: the key ".*" would be read as/,
    );
    refused(() => readStruct(jsonValue({ config: 1, layers: 2, [key]: 1 }), KNOWN, PLACE), /ambiguous/);
  }
  refused(() => readStruct(jsonValue({ "layer\u017f": 1 }), KNOWN, PLACE), /"layer\\u017f" would be read as "layers"/);
});

test("takes known keys as they are, and unknown ones whatever their case", () => {
  // None of these folds to a known key in Go: U+0130 and U+0131 have no simple folding to i, nor look-alikes to anything.
  const value = { config: 1, layers: 2, other: 3, OTHER: 4, "conf\u0131g": 5, "CONF\u0130G": 6, "\u0441onfig": 7 };
  assert.equal(readStruct(jsonValue(value), KNOWN, PLACE).size, 7);
  assert.equal(readStruct(jsonValue({ "": 1, config2: 1, "config ": 1, onfig: 1 }), KNOWN, PLACE).size, 4);
});

test("a struct is an object and nothing else", () => {
  for (const value of [[], "null", 1, true, '"x"'])
    refused(() => readStruct(jsonValue(value), [], PLACE), /doc is not an object/);
  refused(() => readStruct(undefined, [], PLACE), /doc is not an object/);
});

test("an optional member that is null is absent, and one of another type is refused", () => {
  const empty = object({ a: null });
  for (const from of [empty, object({})]) {
    assert.equal(optionalString(from, "a", PLACE), undefined);
    assert.equal(optionalArray(from, "a", PLACE), undefined);
    assert.equal(optionalObject(from, "a", PLACE), undefined);
    assert.equal(optionalBoolean(from, "a", PLACE), false);
    assert.deepEqual(optionalStringArray(from, "a", PLACE), []);
    assert.deepEqual(optionalStringMap(from, "a", PLACE), {});
  }
  const odd = object({ a: 1, l: [1], m: { x: null }, s: "x" });
  refused(() => optionalString(odd, "a", PLACE), /^doc\.a is not a string$/);
  refused(() => optionalArray(odd, "a", PLACE), /^doc\.a is not an array$/);
  refused(() => optionalObject(odd, "l", PLACE), /^doc\.l is not an object$/);
  refused(() => optionalBoolean(odd, "s", PLACE), /^doc\.s is not true or false$/);
  refused(() => optionalStringArray(odd, "l", PLACE), /^doc\.l\[0\] is not a string$/);
  refused(() => optionalStringMap(odd, "m", PLACE), /^doc\.m\.x is not a string$/);
  refused(() => optionalStringMap(odd, "l", PLACE), /^doc\.l is not an object of strings$/);
});

test("a required member must be there and be of its type", () => {
  for (const value of [{}, { a: null }, { a: 1 }, { a: ["x"] }]) {
    refused(() => requiredString(object(value), "a", PLACE), /^doc\.a is not a string$/);
  }
  for (const text of [
    "{}",
    '{"a":null}',
    '{"a":"1"}',
    '{"a":1.5}',
    '{"a":9007199254740992}',
    '{"a":1e300}',
    '{"a":[1]}',
  ]) {
    refused(() => requiredInteger(object(text), "a", PLACE), /^doc\.a is not a whole number$/);
  }
  assert.equal(requiredInteger(object('{"a":9007199254740991}'), "a", PLACE), Number.MAX_SAFE_INTEGER);
});

test("maps keep keys that differ only in case, and the names of JavaScript's own members", () => {
  const map = optionalStringMap(object('{"m":{"a":"1","A":"2","__proto__":"3","toString":"4"}}'), "m", PLACE);
  assert.deepEqual(Object.entries(map), [
    ["a", "1"],
    ["A", "2"],
    ["__proto__", "3"],
    ["toString", "4"],
  ]);
  assert.equal(Object.getPrototypeOf(map), Object.prototype);
});

test("a path shows plain names as they are and foreign ones quoted and clipped", () => {
  assert.equal(inside(inside(PLACE, "layers"), 2).path, "doc.layers[2]");
  assert.equal(inside(PLACE, "org.opencontainers.image.title").path, "doc.org.opencontainers.image.title");
  assert.equal(inside(PLACE, "a\n\u202eb").path, 'doc["a\\n\\u202eb"]');
  assert.ok(inside(PLACE, "x".repeat(1000)).path.length < 80);
});
