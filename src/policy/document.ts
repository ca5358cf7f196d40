import { LineCounter, parseAllDocuments, type Document } from "yaml";

import type { SourceLocation } from "../domain/policy.ts";
import type { PolicyProblem } from "./problem.ts";
import { placeValue } from "./yaml-value.ts";

export type PolicyFile = { readonly name: string; readonly text: string };

/** One YAML document as a plain value that knows where its parts were written. */
export type PolicyDocument = {
  readonly file: string;
  readonly value: unknown;
  /** Position of a part, or of the nearest thing around it. `key` asks for the key rather than its value. */
  readonly where: (path: readonly PropertyKey[], key?: boolean) => SourceLocation;
};

/** Characters of one file; the largest policy sets in the wild are tens of kilobytes. */
const MAX_FILE_CHARACTERS = 1024 * 1024;
/** Documents of one file. */
const MAX_DOCUMENTS = 1000;

export type DocumentsRead = {
  readonly documents: readonly PolicyDocument[];
  readonly problems: readonly PolicyProblem[];
};

/** Reads YAML 1.2 (hence JSON too). Duplicate keys, unknown tags and hostile nesting are problems. Never throws. */
export function readDocuments(file: PolicyFile): DocumentsRead {
  const top: SourceLocation = { file: file.name, line: 1, column: 1 };
  if (file.text.length > MAX_FILE_CHARACTERS) {
    return failed(top, `the file is larger than ${MAX_FILE_CHARACTERS} characters: split it`);
  }
  const lines = new LineCounter();
  const parsed = parseYaml(file.text, lines);
  if (parsed === undefined) return failed(top, "the file is nested too deeply to be read");
  if (parsed.length > MAX_DOCUMENTS) return failed(top, `the file has more than ${MAX_DOCUMENTS} documents: split it`);
  const place = (offset: number): SourceLocation => locate(file.name, lines, offset);
  const read = parsed.map((document) => readDocument(file.name, document, place));
  return { documents: read.flatMap((one) => one.documents), problems: read.flatMap((one) => one.problems) };
}

function failed(at: SourceLocation, message: string): DocumentsRead {
  return { documents: [], problems: [{ message, at }] };
}

function parseYaml(text: string, lineCounter: LineCounter): readonly Document[] | undefined {
  try {
    return parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: true, strict: true });
  } catch (error) {
    // The parser calls itself for each level; exhausting the stack is the only thing it throws.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function locate(file: string, lines: LineCounter, offset: number): SourceLocation {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

function readDocument(file: string, document: Document, place: (offset: number) => SourceLocation): DocumentsRead {
  // A warning of the parser is something it did not understand, such as an unknown tag.
  const broken = [...document.errors, ...document.warnings].map((error) => ({
    message: `is not valid YAML: ${error.message.slice(0, 200)}`,
    at: place(error.pos[0]),
  }));
  if (broken.length > 0) return { documents: [], problems: broken };
  if (document.contents === null) return { documents: [], problems: [] };
  const placed = placeValue(document);
  const problems = placed.problems.map(({ message, offset }) => ({ message, at: place(offset) }));
  if (problems.length > 0) return { documents: [], problems };
  return {
    documents: [{ file, value: placed.value, where: (path, key) => place(placed.offsetOf(path, key)) }],
    problems: [],
  };
}
