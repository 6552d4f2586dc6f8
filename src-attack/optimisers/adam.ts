/** Adam (Kingma & Ba 2015) with its usual β₁ 0.9, β₂ 0.999, ε 1e-8. Returns a function that steps x in place. */
export function createAdam(x: Float64Array, learningRate: number): (gradient: ArrayLike<number>) => void {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const first = new Float64Array(x.length);
  const second = new Float64Array(x.length);
  let steps = 0;
  return gradient => {
    steps++;
    const rate = learningRate / (1 - beta1 ** steps);
    const correction = Math.sqrt(1 - beta2 ** steps);
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i]!;
      first[i] = beta1 * first[i]! + (1 - beta1) * g;
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
      x[i]! -= (rate * first[i]!) / (Math.sqrt(second[i]!) / correction + epsilon);
    }
  };
}
