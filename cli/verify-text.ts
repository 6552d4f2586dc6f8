/** A measurement as text for a terminal. */
import type { Identifiable } from '../src-analysis/model/analysis.ts';
import { identifiablePhrase } from '../src-analysis/reports/headline.ts';
import { type Measurement, mapped, type Verification } from '../src-attack/process/verify-protocol.ts';
import { mapText, rankText, twinText, twinWarning } from '../src-attack/process/verify-text.ts';

export function verificationText(
  name: string,
  predicted: Identifiable,
  batch: number,
  verification: Verification,
): string {
  const { whole, twin, unknowns } = verification;
  const maps = mapped(verification)?.maps ?? [];
  const lines = [
    whole
      ? `${name}: ${rankText(whole)}, measured`
      : `${name}: too large to be measured whole (${unknowns} unknowns; --whole does it all the same)`,
    ...(batch === 1 ? [`  the analysis says ${comparison(predicted, whole)}`] : []),
    ...(whole ? details(whole) : []),
    ...twinLines(twin),
    ...maps.map((map, i) => `  ${maps.length > 1 ? `example ${i + 1}: ` : ''}${mapText(map)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function comparison(predicted: Identifiable, whole: Measurement | null): string {
  const phrase = identifiablePhrase(predicted);
  if (predicted.rank === null || !whole || whole.bound === 'at least') return phrase;
  const difference = predicted.rank - whole.rank;
  return `${phrase}: ${difference === 0 ? 'the same' : `${Math.abs(difference)} ${difference > 0 ? 'more' : 'less'}`}`;
}

function details({ inputShape, equations, engine, seconds, ...rest }: Measurement): string[] {
  const { unknowns, smallestKept, largestDropped, assumptions } = rest;
  return [
    `  Jacobian ${equations} × ${unknowns} at an input of [${inputShape.join(', ')}], float64 on ${engine}, ${seconds.toFixed(1)} s`,
    `  new part of the last direction that counts ${smallestKept.toExponential(1)}, of what is left ${largestDropped.toExponential(1)}`,
    ...assumptions.map(sentence => `  assumed: ${sentence}`),
  ];
}

function twinLines(twin: Verification['twin']): string[] {
  if (!twin) return [];
  if (!('rank' in twin)) return [`  no smaller twin was measured: ${twin.reason}`];
  return [`  ${twinText(twin)}: ${rankText(twin)}, measured`, `  (${twinWarning})`, ...details(twin)];
}
