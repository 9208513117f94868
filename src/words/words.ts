/** @file The words of what is rendered, by family; the English table of each is the type of the Chinese one. */
import { answers as englishAnswers } from "./en/answers.ts";
import { calibrate as englishCalibrate } from "./en/calibrate.ts";
import { gate as englishGate } from "./en/gate.ts";
import { plan as englishPlan } from "./en/plan.ts";
import { report as englishReport } from "./en/report.ts";
import type { ByLanguage, Language } from "./language.ts";
import { answers as chineseAnswers } from "./zh-CN/answers.ts";
import { calibrate as chineseCalibrate } from "./zh-CN/calibrate.ts";
import { gate as chineseGate } from "./zh-CN/gate.ts";
import { plan as chinesePlan } from "./zh-CN/plan.ts";
import { report as chineseReport } from "./zh-CN/report.ts";

export interface Words {
  readonly report: typeof englishReport;
  readonly plan: typeof englishPlan;
  readonly answers: typeof englishAnswers;
  readonly gate: typeof englishGate;
  readonly calibrate: typeof englishCalibrate;
}

const tables: ByLanguage<Words> = {
  en: {
    report: englishReport,
    plan: englishPlan,
    answers: englishAnswers,
    gate: englishGate,
    calibrate: englishCalibrate,
  },
  "zh-CN": {
    report: chineseReport,
    plan: chinesePlan,
    answers: chineseAnswers,
    gate: chineseGate,
    calibrate: chineseCalibrate,
  },
};

/** The words of a language. */
export function wordsIn(language: Language): Words {
  return tables[language];
}
