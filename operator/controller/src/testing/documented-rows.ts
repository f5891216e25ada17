/** Cells of the rows of a table in Markdown that match, without the signs of code. */
export function documentedRows(text: string, row: RegExp): readonly (readonly string[])[] {
  const rows = text.split('\n').filter((line) => row.test(line));
  return rows.map((line) =>
    line
      .replaceAll('`', '')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
