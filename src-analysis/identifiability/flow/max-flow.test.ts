import fc from 'fast-check';
import { expect, test } from 'vitest';
import { flowNetwork } from './max-flow.ts';

const edges = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 }), fc.nat({ max: 9 })), { maxLength: 24 });

function networkOf(list: readonly (readonly [number, number, number])[]) {
  const network = flowNetwork();
  for (let i = 0; i < 7; i++) network.addNode();
  for (const [from, to, capacity] of list) network.addEdge(from, to, capacity);
  return network;
}

/** Smallest cut by trying all. */
function smallestCut(list: readonly (readonly [number, number, number])[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 32; set++) {
    const inFront = (node: number) => node === 0 || (node < 6 && (set >> (node - 1)) % 2 === 1);
    const cut = list.reduce((sum, [from, to, capacity]) => sum + (inFront(from) && !inFront(to) ? capacity : 0), 0);
    least = Math.min(least, cut);
  }
  return least;
}

test('the largest flow is the smallest cut', () => {
  fc.assert(
    fc.property(edges, list => {
      expect(networkOf(list).maxFlow(0, 6)).toBe(smallestCut(list));
    }),
    { seed: 3, numRuns: 200 },
  );
});

test('the gain of an edge is what the flow grows by', () => {
  fc.assert(
    fc.property(edges, fc.integer({ min: 1, max: 5 }), (list, from) => {
      const network = networkOf(list);
      const flow = network.maxFlow(0, 6);
      const gain = network.gain(from, 6, 0, 6);
      expect(flow + gain).toBe(networkOf([...list, [from, 6, 1000]]).maxFlow(0, 6));
      // Asked again, the network is as it was.
      expect(network.gain(from, 6, 0, 6)).toBe(gain);
    }),
    { seed: 3, numRuns: 100 },
  );
});
