/** A measurement as text for a terminal. */
import { type Measurement, mapped, type Verification } from '../src-attack/process/verify-protocol.ts';
import { comparisonText, mapText, rankText, twinText, twinWarning } from '../src-attack/process/verify-text.ts';

export function verificationText(name: string, verification: Verification): string {
  const { whole, unknowns, predicted } = verification;
  const maps = mapped(verification)?.maps ?? [];
  const lines = [
    whole
      ? `${name}: ${rankText(whole)}, measured`
      : `${name}: too large to be measured whole (${unknowns} unknowns; --whole does it all the same)`,
    `  the analysis says ${comparisonText(predicted, whole)}`,
    ...(whole ? details(whole) : []),
    ...twinLines(verification),
    ...maps.map((map, i) => `  ${maps.length > 1 ? `example ${i + 1}: ` : ''}${mapText(map)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function details({ inputShape, equations, engine, seconds, ...rest }: Measurement): string[] {
  const { unknowns, smallestKept, largestDropped, assumptions } = rest;
  return [
    `  Jacobian ${equations} × ${unknowns} at an input of [${inputShape.join(', ')}], float64 on ${engine}, ${seconds.toFixed(1)} s`,
    `  new part of the last direction that counts ${smallestKept.toExponential(1)}, of what is left ${largestDropped.toExponential(1)}`,
    ...assumptions.map(sentence => `  assumed: ${sentence}`),
  ];
}

function twinLines(verification: Verification): string[] {
  const { twin } = verification;
  if (!twin) return [];
  if (!('rank' in twin)) return [`  no smaller twin was measured: ${twin.reason}`];
  return [
    `  ${twinText(twin)}: ${rankText(twin)}, measured`,
    `  the analysis says of the twin ${comparisonText(twin.predicted, twin)}`,
    `  (${twinWarning(verification)})`,
    ...details(twin),
  ];
}
