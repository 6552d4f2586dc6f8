import { inverse, productsPerReduction, residue } from './modular.ts';

/**
 * A growing row-echelon basis over GF(p). Rows are kept from their leading column to their last non-zero one (skyline), so
 * banded matrices whose rows arrive in band order cost rows · band² and not rows · columns².
 */
export class EchelonBasis {
  rank = 0;
  /** Multiplications done so far. */
  work = 0;
  /** Entries stored so far. */
  stored = 0;
  /** Basis rows by leading column: they start there, with a 1. */
  readonly rows: (Int32Array | undefined)[];

  constructor(columns: number) {
    this.rows = new Array(columns).fill(undefined);
  }

  /**
   * Reduces the row held in `row[from … to)` (residues; zero elsewhere) by the basis and adds what is left of it.
   * Returns whether the row was independent. Afterwards `row` is all zero, ready for the next one.
   */
  add(row: Float64Array, from: number, to: number): boolean {
    let end = to;
    let products = 0;
    for (let column = from; column < end; column++) {
      const lead = residue(row[column]!);
      row[column] = 0;
      if (lead === 0) continue;
      const pivot = this.rows[column];
      if (!pivot) {
        this.keep(row, column, end, lead);
        return true;
      }
      if (products + 4 > productsPerReduction) {
        reduceAll(row, column + 1, end);
        products = 0;
      }
      const [b, c, d] = [this.rows[column + 1], this.rows[column + 2], this.rows[column + 3]];
      if (b && c && d) {
        end = Math.max(end, column + longest(pivot, b, c, d));
        this.work += subtractFour(row, column, lead, pivot, b, c, d);
        column += 3;
        products += 4;
      } else {
        end = Math.max(end, column + pivot.length);
        subtract(row, column, 1, lead, pivot);
        this.work += pivot.length;
        products += 1;
      }
    }
    return false;
  }

  /** Stores the rest of a reduced row, scaled so that it leads with 1. */
  private keep(row: Float64Array, column: number, end: number, lead: number): void {
    const scale = inverse(lead);
    const kept = new Int32Array(end - column);
    kept[0] = 1;
    for (let i = 1; i < kept.length; i++) kept[i] = residue(residue(row[column + i]!) * scale);
    row.fill(0, column, end);
    let length = kept.length;
    while (kept[length - 1] === 0) length--;
    this.rows[column] = length < kept.length ? kept.slice(0, length) : kept;
    this.rank++;
    this.stored += length;
  }
}

/** row[column + i] −= factor · pivot[i] for i ≥ from. */
function subtract(row: Float64Array, column: number, from: number, factor: number, pivot: Int32Array): void {
  for (let i = from; i < pivot.length; i++) row[column + i]! -= factor * pivot[i]!;
}

/**
 * Eliminates columns column … column + 3 in one pass over the row: four times fewer loads and stores of it.
 * `lead` is the row's residue at `column`; pivots a, b, c, d lead at column, column + 1, ….
 */
function subtractFour(
  row: Float64Array,
  column: number,
  lead: number,
  a: Int32Array,
  b: Int32Array,
  c: Int32Array,
  d: Int32Array,
): number {
  const at = (pivot: Int32Array, i: number): number => (i < pivot.length ? pivot[i]! : 0);
  const fb = residue(row[column + 1]! - lead * at(a, 1));
  const fc = residue(row[column + 2]! - lead * at(a, 2) - fb * at(b, 1));
  const fd = residue(row[column + 3]! - lead * at(a, 3) - fb * at(b, 2) - fc * at(c, 1));
  row[column + 1] = 0;
  row[column + 2] = 0;
  row[column + 3] = 0;
  const common = Math.min(a.length, b.length + 1, c.length + 2, d.length + 3);
  for (let i = 4; i < common; i++) {
    row[column + i]! -= lead * a[i]! + fb * b[i - 1]! + fc * c[i - 2]! + fd * d[i - 3]!;
  }
  const rest = Math.max(4, common);
  subtract(row, column, rest, lead, a);
  subtract(row, column + 1, rest - 1, fb, b);
  subtract(row, column + 2, rest - 2, fc, c);
  subtract(row, column + 3, rest - 3, fd, d);
  return a.length + b.length + c.length + d.length;
}

function longest(a: Int32Array, b: Int32Array, c: Int32Array, d: Int32Array): number {
  return Math.max(a.length, b.length + 1, c.length + 2, d.length + 3);
}

function reduceAll(row: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) row[i] = residue(row[i]!);
}
