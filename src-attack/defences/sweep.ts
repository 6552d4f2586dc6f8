import { DefenceError, type DefenceKind } from './defence.ts';
import { parseDefence, splitSpec } from './spec.ts';

/** One defence at rising levels. */
export interface Sweep {
  readonly defence: string;
  /** Name of the setting that is varied. */
  readonly parameter: string;
  readonly meaning: string;
  readonly levels: readonly { readonly level: number; readonly spec: string }[];
}

const mostLevels = 40;

/**
 * Reads `noise:1e-5..1e-1`, `quantise:2..8,stochastic` or, with a number of levels, `noise:1e-5..1e-1/9`. Levels stand
 * at equal ratios: one a decade unless told, whole numbers doubling. A share (0 to 1) has equal differences, nine levels.
 * @throws {DefenceError}
 */
export function parseSweep(text: string): Sweep {
  const { kind, main, rest } = splitSpec(text);
  const { parameter } = kind;
  if (!parameter) {
    throw new DefenceError(`The defence "${kind.name}" has no level to sweep: use --defence ${kind.example}.`);
  }
  const match = /^([^./]+(?:\.[^./]+)?)\.\.([^/]+)(?:\/(\d+))?$/.exec(main ?? '');
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  const count = match?.[3] === undefined ? presetCount(kind, from, to) : Number(match[3]);
  if (!match || !(from < to) || !Number.isFinite(from) || !Number.isFinite(to)) {
    throw new DefenceError(`The sweep "${text}" needs a range from low to high, such as ${kind.name}:${kind.levels}.`);
  }
  if (!isShare(kind) && from <= 0) {
    throw new DefenceError(
      `The sweep "${text}" rises by equal ratios and cannot start at 0: a run without it is made anyway.`,
    );
  }
  if (count < 2 || count > mostLevels) {
    throw new DefenceError(`The sweep "${text}" has ${count} levels; there may be 2 to ${mostLevels}.`);
  }
  const levels = spread(kind, from, to, count).map(level => {
    const spec = `${kind.name}:${[String(level), ...rest].join(',')}`;
    parseDefence(spec);
    return { level, spec };
  });
  return { defence: kind.name, parameter: parameter.name, meaning: parameter.meaning, levels };
}

function isShare({ parameter }: DefenceKind): boolean {
  return parameter?.most === 1;
}

function presetCount(kind: DefenceKind, from: number, to: number): number {
  if (isShare(kind)) return 9;
  return 1 + Math.max(1, Math.round(kind.parameter?.integer ? Math.log2(to / from) : Math.log10(to / from)));
}

function spread(kind: DefenceKind, from: number, to: number, count: number): number[] {
  const levels = Array.from({ length: count }, (_, i) => {
    const at = i / (count - 1);
    const value = isShare(kind) ? from + at * (to - from) : from * (to / from) ** at;
    return kind.parameter?.integer ? Math.round(value) : Number(value.toPrecision(6));
  });
  return [...new Set(levels)];
}
