const windowSide = 11;
const sigma = 1.5;
const c1 = 0.01 ** 2;
const c2 = 0.03 ** 2;

/**
 * Structural similarity of two grey images with values in [0,1] (Wang, Bovik, Sheikh & Simoncelli 2004): Gaussian
 * window 11×11 with σ 1.5, K1 = 0.01, K2 = 0.03, mean over the windows that lie wholly inside the image. For images
 * narrower than 11 the window is cut to the largest odd side that fits.
 */
export function ssim(a: Float64Array, b: Float64Array, width: number, height: number): number {
  const fitting = Math.min(width, height, windowSide);
  const kernel = gaussian(fitting % 2 === 1 ? fitting : fitting - 1);
  const blur = (f: (i: number) => number) =>
    blurValid(
      Float64Array.from(a, (_, i) => f(i)),
      width,
      height,
      kernel,
    );
  const [meanA, meanB] = [blur(i => a[i]!), blur(i => b[i]!)];
  const [squareA, squareB, product] = [blur(i => a[i]! ** 2), blur(i => b[i]! ** 2), blur(i => a[i]! * b[i]!)];
  let sum = 0;
  for (let i = 0; i < meanA.length; i++) {
    const [ma, mb] = [meanA[i]!, meanB[i]!];
    const variances = squareA[i]! - ma * ma + squareB[i]! - mb * mb;
    const covariance = product[i]! - ma * mb;
    sum += ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (variances + c2));
  }
  return sum / meanA.length;
}

function gaussian(side: number): Float64Array {
  const centre = (side - 1) / 2;
  const kernel = Float64Array.from({ length: side }, (_, i) => Math.exp(-((i - centre) ** 2) / (2 * sigma ** 2)));
  const total = kernel.reduce((sum, value) => sum + value, 0);
  return kernel.map(value => value / total);
}

/** Separable filter, without any border: the result is smaller by side − 1 along both axes. */
function blurValid(image: Float64Array, width: number, height: number, kernel: Float64Array): Float64Array {
  const [w, h] = [width - kernel.length + 1, height - kernel.length + 1];
  const rows = new Float64Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      for (let k = 0; k < kernel.length; k++) rows[y * w + x]! += kernel[k]! * image[y * width + x + k]!;
    }
  }
  const result = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let k = 0; k < kernel.length; k++) result[y * w + x]! += kernel[k]! * rows[(y + k) * w + x]!;
    }
  }
  return result;
}
