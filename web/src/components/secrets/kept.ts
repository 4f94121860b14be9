/** The rows to draw: those of the range and those that are kept, each once and in order. */
export function withKept(range: number[], kept: number[], count: number): number[] {
  const more = kept.filter((index) => index >= 0 && index < count);
  return [...new Set([...range, ...more])].sort((one, other) => one - other);
}
