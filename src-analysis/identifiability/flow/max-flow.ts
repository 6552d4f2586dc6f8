/** Maximum flow by Dinic's algorithm, on networks that grow between calls. */

export interface FlowNetwork {
  readonly addNode: () => number;
  /** A directed edge; capacities are non-negative, infinite ones allowed. Returns its number. */
  readonly addEdge: (from: number, to: number, capacity: number) => number;
  readonly setCapacity: (edge: number, capacity: number) => void;
  readonly capacity: (edge: number) => number;
  /** Largest flow between two nodes, from scratch; stops at `limit`. */
  readonly maxFlow: (source: number, sink: number, limit?: number) => number;
  /** What one more edge of infinite capacity would add to the flow of the last call; the flow stays as it is. */
  readonly gain: (from: number, to: number, source: number, sink: number) => number;
  /** Nodes that the source still reaches after the last call: one side of a smallest cut. */
  readonly sourceSide: (source: number) => ReadonlySet<number>;
}

const tiny = 1e-7;

/** Of counts that cannot be (0 / 0 on an empty map) nothing flows. */
function usable(capacity: number): number {
  return capacity > 0 ? capacity : 0;
}

export function flowNetwork(): FlowNetwork {
  const edgesOf: number[][] = [];
  const to: number[] = [];
  const capacities: number[] = [];
  let residual = new Float64Array(64);

  const addNode = (): number => edgesOf.push([]) - 1;

  const addEdge = (from: number, target: number, capacity: number): number => {
    const edge = to.push(target, from) - 2;
    capacities.push(usable(capacity), 0);
    edgesOf[from]!.push(edge);
    edgesOf[target]!.push(edge + 1);
    return edge;
  };

  const levelsFrom = (source: number, sink: number): Int32Array | null => {
    const level = new Int32Array(edgesOf.length).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const node of queue) {
      for (const edge of edgesOf[node]!) {
        const next = to[edge]!;
        if (level[next] !== -1 || residual[edge]! <= tiny) continue;
        level[next] = level[node]! + 1;
        queue.push(next);
      }
    }
    return level[sink] === -1 ? null : level;
  };

  /** One path along growing levels, found without recursion: networks may be thousands of layers deep. */
  const augment = (source: number, sink: number, level: Int32Array, next: Int32Array, limit: number): number => {
    const path: number[] = [];
    let node = source;
    while (node !== sink) {
      const edges = edgesOf[node]!;
      const edge = edges[next[node]!];
      if (edge === undefined) {
        const back = path.pop();
        if (back === undefined) return 0;
        node = to[back ^ 1]!;
        next[node]!++;
      } else if (residual[edge]! > tiny && level[to[edge]!] === level[node]! + 1) {
        path.push(edge);
        node = to[edge]!;
      } else next[node]!++;
    }
    const amount = path.reduce((least, edge) => Math.min(least, residual[edge]!), limit);
    for (const edge of path) {
      residual[edge]! -= amount;
      residual[edge ^ 1]! += amount;
    }
    return amount;
  };

  const push = (source: number, sink: number, limit: number): number => {
    let flow = 0;
    while (flow < limit - tiny) {
      const level = levelsFrom(source, sink);
      if (!level) return flow;
      const next = new Int32Array(edgesOf.length);
      for (let more = 1; more > 0 && flow < limit - tiny; flow += more) {
        more = augment(source, sink, level, next, limit - flow);
      }
    }
    return flow;
  };

  const maxFlow = (source: number, sink: number, limit = Number.MAX_VALUE): number => {
    residual = Float64Array.from(capacities);
    return push(source, sink, limit);
  };

  return {
    addNode,
    addEdge,
    setCapacity: (edge, capacity) => {
      capacities[edge] = usable(capacity);
    },
    capacity: edge => capacities[edge]!,
    maxFlow,
    gain: (from, target, source, sink) => {
      const saved = residual;
      residual = Float64Array.from([...saved, Number.MAX_VALUE, 0]);
      to.push(target, from);
      edgesOf[from]!.push(to.length - 2);
      edgesOf[target]!.push(to.length - 1);
      const more = push(source, sink, Number.MAX_VALUE);
      edgesOf[from]!.pop();
      edgesOf[target]!.pop();
      to.length -= 2;
      residual = saved;
      return more;
    },
    sourceSide: source => {
      const reached = new Set([source]);
      for (const node of reached) {
        for (const edge of edgesOf[node]!) if (residual[edge]! > tiny) reached.add(to[edge]!);
      }
      return reached;
    },
  };
}
