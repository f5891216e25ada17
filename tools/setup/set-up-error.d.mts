/** The last lines of what a program printed, indented: enough to see why it failed. */
export function lastLines(output: string, count?: number): string;
