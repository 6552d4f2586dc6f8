export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Lines of a table with a title line, columns two spaces apart, without trailing blanks. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map(column => column.title), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map(line => (line[index] ?? '').length)));
  return lines.map(line =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? '';
        return align === 'left' ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}
