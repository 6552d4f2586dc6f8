/**
 * A 5×7 dot-matrix font, enough for the labels of a figure: PNG has no text and a font file would weigh more than all
 * the pictures. One string a glyph: seven rows from the top, each a base-32 digit whose bits are the five dots.
 */
const glyphs: Readonly<Record<string, string>> = {
  '0': 'ehjlphe',
  '1': '4c4444e',
  '2': 'eh1248v',
  '3': 'v2421he',
  '4': '26aiv22',
  '5': 'vgu11he',
  '6': '68guhhe',
  '7': 'v124888',
  '8': 'ehhehhe',
  '9': 'ehhf12c',
  A: 'ehhhvhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'sihhhis',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hhha444',
  Z: 'v1248gv',
  a: '00e1fhf',
  b: 'ggmphhu',
  c: '00egghe',
  d: '11djhhf',
  e: '00ehvge',
  f: '698s888',
  g: '0fhhf1e',
  h: 'ggmphhh',
  i: '40c444e',
  j: '20622ic',
  k: 'ggikoki',
  l: 'c44444e',
  m: '00qllhh',
  n: '00mphhh',
  o: '00ehhhe',
  p: '00uhugg',
  q: '00djf11',
  r: '00mpggg',
  s: '00ege1u',
  t: '88s8896',
  u: '00hhhjd',
  v: '00hhha4',
  w: '00hhlla',
  x: '00ha4ah',
  y: '00hhf1e',
  z: '00v248v',
  ' ': '0000000',
  '.': '00000cc',
  ',': '0000c48',
  ':': '0cc0cc0',
  '-': '000v000',
  _: '000000v',
  '+': '044v440',
  '/': '01248g0',
  '(': '2488842',
  ')': '8422248',
  '=': '00v0v00',
  '%': 'op248j3',
  '?': 'eh12404',
};

export const glyphHeight = 7;
const glyphWidth = 5;
const advance = glyphWidth + 1;

/** Width in dots of a line of text. */
export function textWidth(text: string): number {
  return Math.max(0, [...text].length * advance - 1);
}

/** Calls `dot(x, y)` for every inked dot of a line of text; a character without a glyph is drawn as `?`. */
export function drawText(text: string, dot: (x: number, y: number) => void): void {
  [...text].forEach((character, i) => {
    const rows = glyphs[character] ?? glyphs['?']!;
    for (let y = 0; y < glyphHeight; y++) {
      const bits = Number.parseInt(rows[y]!, 32);
      for (let x = 0; x < glyphWidth; x++) if (bits & (1 << (glyphWidth - 1 - x))) dot(i * advance + x, y);
    }
  });
}
