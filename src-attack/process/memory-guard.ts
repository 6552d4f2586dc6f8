import * as os from 'node:os';

/** Share of the machine's memory that a process may take. Native libraries allocate outside the JavaScript heap and its limit. */
const memoryShare = 0.75;
/** Milliseconds between two looks. */
const interval = 500;

/**
 * Tells, once, when this process has taken too much of the machine's memory.
 * @param what began the sentence: "The attack"
 * @param advice ends it
 * @param limit in bytes
 * @returns ends the watch
 */
export function watchMemory(
  { what, advice }: { readonly what: string; readonly advice: string },
  tooMuch: (message: string) => void,
  limit = memoryShare * os.totalmem(),
): () => void {
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() <= limit) return;
    clearInterval(timer);
    const gibibytes = (limit / 2 ** 30).toFixed(0);
    tooMuch(
      `${what} needs more than ${gibibytes} GiB, ${100 * memoryShare} % of this machine's memory, and was stopped. ${advice}`,
    );
  }, interval);
  return () => clearInterval(timer);
}
