/** @file The plan in the HTML report: before and after on one scale with the card's limit, changes, the command. */

import type { Language } from "../../words/language.ts";
import { say } from "../../words/phrase.ts";
import { describeVia } from "../plan.ts";
import type { Estimate, PartEstimate, Plan, PlanChange, Report } from "../report.ts";
import { worstPart, worstProcess } from "../words.ts";
import { section, size, t, table } from "./html-parts.ts";
import { marginLabel, runLabel } from "./label.ts";
import { stack } from "./mountain.ts";
import type { PictureWords } from "./words.ts";

/** The section; nothing where no plan was asked for. */
export function planSection(report: Report, words: PictureWords): string {
  const { plan } = report;
  if (plan === undefined) return "";
  if (plan.feasible && plan.changes.length === 0)
    return section("plan", words.plan, `<p>${t(words.nothingToChange)}</p>`);
  const launch =
    plan.launch === "" || !plan.feasible
      ? ""
      : `<h3>${t(words.runWith)}</h3><pre tabindex="0"><code>${t(plan.launch)}</code></pre>`;
  const intro = plan.feasible ? "" : `<p>${t(words.noPlan)}</p>`;
  return section("plan", words.plan, `${intro}${comparison(report, plan, words)}${changes(plan, words)}${launch}`);
}

function comparison(report: Report, plan: Plan, words: PictureWords): string {
  const usable = report.gpu?.usableBytes ?? 0;
  const whole = Math.max(usable, worstProcess(report).high, worstProcess(plan.estimate).high) * 1.02;
  const share = (bytes: number): string => `${((100 * bytes) / whole).toFixed(2)}%`;
  const row = (
    name: string,
    estimate: Pick<Estimate, "training" | "evaluation">,
    path: string,
    run: string,
  ): string => {
    const [part, chosen] = worstPart<PartEstimate>(estimate);
    const pieces = stack.map((kind) => `<i class="k-${kind}" style="width:${share(chosen.byKind[kind])}"></i>`);
    const others = chosen.process.highBytes - chosen.allocated.lowBytes;
    const needs = size(chosen.process.highBytes, `${path}${part}.process.highBytes`);
    return `<div class="row"><div class="row-title"><strong>${t(name)}</strong> ${needs} <span class="faint">${t(run)}</span></div><div class="stack" aria-hidden="true">${pieces.join("")}<i class="others" style="width:${share(others)}"></i>${usable > 0 ? `<b class="limit-mark" style="left:${share(usable)}"></b>` : ""}</div></div>`;
  };
  const margin = `<p><data value="${plan.headroomBytes}" data-path="plan.headroomBytes">${t(`${words.verdicts[plan.verdict]}, ${marginLabel(plan.headroomBytes, words)}`)}</data></p>`;
  return `<div class="compare">${row(words.before, report, "", runLabel(report.run, words))}${row(words.after, plan.estimate, "plan.estimate.", runLabel(plan.settings, words))}</div>${margin}`;
}

function changes(plan: Plan, words: PictureWords): string {
  const rows = plan.changes.map((change, i) => [
    t(change.knob),
    `${value(say(change.words.from, words.language))} → ${value(say(change.words.to, words.language))}`,
    size(change.savedBytes, `plan.changes.${i}.savedBytes`),
    t(change.words.cost.map((one) => say(one, words.language)).join("; ")),
    change.via.map((via) => where(via, words.language)).join("<br>"),
  ]);
  return table([words.knob, words.change, words.saves, words.cost, words.where], rows, [2], words.plan);
}

/** Lists of layers break after their commas. */
function value(text: string): string {
  return `<span>${t(text).replaceAll(",", ",<wbr>")}</span>`;
}

function where(via: PlanChange["via"][number], language: Language): string {
  return `<code>${t(describeVia(via, language)).replaceAll(",", ",<wbr>")}</code>`;
}
