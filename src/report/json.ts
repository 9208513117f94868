/** @file The report for programs: the Report itself, with null where there is nothing, so that every path of the contract exists. */
/** Two blanks a level, a newline at the end. */
export function renderJson(value: object): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (item === undefined ? null : item), 2)}\n`;
}
