/** Prints rows of text and numbers in aligned columns; numbers stand to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [head, ...rows.map(row => row.map(cell => (typeof cell === 'number' ? grouped(cell) : cell)))];
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]!.length)));
  const isNumber = head.map((_, column) => rows.some(row => typeof row[column] === 'number'));
  for (const [i, row] of cells.entries()) {
    const line = row.map((cell, column) =>
      isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    console.log(`| ${line.join(' | ')} |`);
    if (i === 0)
      console.log(`| ${widths.map((width, c) => '-'.repeat(width - 1) + (isNumber[c] ? ':' : '-')).join(' | ')} |`);
  }
}

/** 12345.678 → 12,346; 1.2345 → 1.23. */
function grouped(value: number): string {
  const digits = Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** CPU milliseconds of a synchronous call: on a busy machine the clock measures the neighbours. */
export function cpuMilliseconds<T>(call: () => T): { readonly result: T; readonly ms: number } {
  const start = process.cpuUsage();
  const result = call();
  const { user, system } = process.cpuUsage(start);
  return { result, ms: (user + system) / 1000 };
}
