import type { Compared } from './results.ts';

const size = { width: 640, height: 420, left: 56, right: 16, top: 16, bottom: 48 };
/** Beyond this the picture is the original to the eye and to eight bits. */
const mostDecibels = 80;
/** The two colours stay apart in grey print and for colour-blind readers; the shapes differ too. */
const colours = { recognisable: '#b3261e', not: '#1f5fa8' };

/** PSNR against a predictor from 0 to 1, one mark an attack: circles recognisable pictures, crosses the others. */
export function scatter(
  results: readonly Compared[],
  predictor: { readonly label: string; readonly of: (result: Compared) => number },
  recognisable: (result: Compared) => boolean,
): string {
  const plotWidth = size.width - size.left - size.right;
  const plotHeight = size.height - size.top - size.bottom;
  const x = (share: number) => size.left + share * plotWidth;
  const y = (psnr: number) => size.top + (1 - Math.min(mostDecibels, Math.max(0, psnr)) / mostDecibels) * plotHeight;
  const marks = results.map(result => {
    const [cx, cy] = [x(predictor.of(result)).toFixed(1), y(result.psnr).toFixed(1)];
    return recognisable(result)
      ? `<circle cx="${cx}" cy="${cy}" r="3" fill="none" stroke="${colours.recognisable}"/>`
      : `<path d="M${cx} ${cy}m-3-3l6 6m0-6l-6 6" stroke="${colours.not}"/>`;
  });
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    share => `<text x="${x(share)}" y="${size.height - 28}" text-anchor="middle">${share}</text>`,
  );
  const decibels = [0, 20, 40, 60, 80].map(
    value =>
      `<path d="M${size.left} ${y(value)}h${plotWidth}" stroke="#8883"/><text x="${size.left - 6}" y="${y(value) + 4}" text-anchor="end">${value}${value === mostDecibels ? '+' : ''}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12" fill="#555" role="img">
<title>PSNR of the attack against ${predictor.label}</title>
${decibels.join('')}
<path d="M${size.left} ${size.top}v${plotHeight}h${plotWidth}" fill="none" stroke="#555"/>
${ticks.join('')}
<text x="${size.left + plotWidth / 2}" y="${size.height - 8}" text-anchor="middle">${predictor.label}</text>
<text x="14" y="${size.top + plotHeight / 2}" text-anchor="middle" transform="rotate(-90 14 ${size.top + plotHeight / 2})">PSNR of the attack, dB</text>
<g stroke-width="1.2">
${marks.join('\n')}
</g>
</svg>
`;
}
