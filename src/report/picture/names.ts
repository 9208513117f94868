/** @file Names of the formats of one report, without their code: what the command line needs before one is used. */

/** Every format of `plan` and `estimate`. */
export const pictureNames = ["terminal", "json", "html", "svg", "trace"] as const;
export type PictureName = (typeof pictureNames)[number];

/** Whether a text names a format. */
export function isPictureName(name: string): name is PictureName {
  return pictureNames.some((known) => known === name);
}
