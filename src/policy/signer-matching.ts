import type { Signer } from "../domain/facts.ts";
import type { Signatories } from "../domain/policy.ts";
import type { AuthorityName } from "../domain/trust.ts";
import { membersOf } from "./signatories.ts";
import { identitiesOf } from "./signer-identity.ts";

/** A member of a tree as one place to fill; the same authority in two branches is two of them. */
type Seat = { readonly kind: "seat"; readonly signers: readonly string[] };
type Table = Seat | { readonly kind: "at-least"; readonly count: number; readonly of: readonly Table[] };

/** Which seat each signer fills. */
type Seating = ReadonlyMap<string, Seat>;

/**
 * Whether distinct signers can be matched to as many distinct members as the tree asks for. A signer fills one seat in the
 * whole tree. Exact: seats are filled along augmenting paths, and which members to fill is searched, which the limit on
 * members bounds. `unseen` members may be signed by anybody, so each counts as filled by a signer of its own.
 */
export function isSatisfiable(
  tree: Signatories,
  signersOf: (name: AuthorityName) => readonly Signer[],
  isUnseen: (name: AuthorityName) => boolean,
): boolean {
  const identityOf = identitiesOf(membersOf(tree).flatMap(signersOf));
  let seats = 0;
  const tableOf = (node: Signatories): Table => {
    if (node.kind === "at-least") return { kind: "at-least", count: node.count, of: node.of.map(tableOf) };
    // Not JSON, so it is no signer's key.
    const stranger = isUnseen(node.name) ? [`unseen ${seats++}`] : [];
    return { kind: "seat", signers: [...new Set([...signersOf(node.name).map(identityOf), ...stranger])] };
  };
  const table = tableOf(tree);
  return canFillEnough(table) && fill(table, new Map(), () => true);
}

/**
 * A bound that makes flat thresholds cheap: no choice can fill more seats than a largest matching does. Where it suffices
 * for a flat list, taking each seat that can be filled reaches it without ever turning back (matchings form a matroid).
 */
function canFillEnough(table: Table): boolean {
  const seated = seatsOf(table).reduce<Seating>((seating, seat) => seatOne(seat, seating) ?? seating, new Map());
  return seated.size >= fewest(table);
}

function seatsOf(table: Table): readonly Seat[] {
  return table.kind === "seat" ? [table] : table.of.flatMap(seatsOf);
}

function fewest(table: Table): number {
  if (table.kind === "seat") return 1;
  const each = table.of.map(fewest).sort((a, b) => a - b);
  return each.slice(0, table.count).reduce((sum, one) => sum + one, 0);
}

type Then = (seating: Seating) => boolean;

/** Fills a table on top of a seating, and goes on; false when no way to do so lets the rest succeed. */
function fill(table: Table, seating: Seating, then: Then): boolean {
  if (table.kind === "at-least") return fillSome(table.of, table.count, seating, then);
  const next = seatOne(table, seating);
  return next !== undefined && then(next);
}

function fillSome(tables: readonly Table[], count: number, seating: Seating, then: Then): boolean {
  const [first, ...rest] = tables;
  if (count <= 0) return then(seating);
  if (first === undefined || tables.length < count) return false;
  return fill(first, seating, (next) => fillSome(rest, count - 1, next, then)) || fillSome(rest, count, seating, then);
}

/** Seats one more, moving others where they can move; `undefined` if the seats cannot all be filled. */
function seatOne(seat: Seat, seating: Seating): Seating | undefined {
  const next = new Map(seating);
  return augment(seat, next, new Set()) ? next : undefined;
}

function augment(seat: Seat, seating: Map<string, Seat>, tried: Set<string>): boolean {
  for (const signer of seat.signers) {
    if (tried.has(signer)) continue;
    tried.add(signer);
    const sitting = seating.get(signer);
    if (sitting === undefined || augment(sitting, seating, tried)) {
      seating.set(signer, seat);
      return true;
    }
  }
  return false;
}
