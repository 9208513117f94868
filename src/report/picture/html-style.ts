/** @file The style of the HTML report: light and dark, from 400 pixels on, and on paper. */
import { colourStyle } from "./colours.ts";

export const style = `${colourStyle(":root")}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,"Noto Sans SC","Noto Sans CJK SC",sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:1.3rem;margin:0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.4rem 0}.faint{color:var(--faint)}code,pre{font:.9em ui-monospace,Menlo,Consolas,monospace;overflow-wrap:break-word}p code{overflow-wrap:anywhere}
pre{background:var(--raised);padding:12px;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0}
.verdict{font-size:1.15rem;margin-top:.8rem}.verdict strong{margin-right:.4em}
.fits{color:var(--good)}.tight{color:var(--warning)}.does-not-fit{color:var(--bad)}
.scroll{overflow-x:auto}table{border-collapse:collapse;min-width:100%}
th,td{padding:5px 16px 5px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
tbody th{white-space:nowrap}thead td,thead th{color:var(--faint);white-space:nowrap;font-size:.9em}.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td:last-child,th:last-child{padding-right:0}
.bar{display:inline-block;width:180px;height:12px;vertical-align:middle}.bar span{display:block;height:100%;min-width:1px;border-radius:2px}
.name{display:inline-block;white-space:nowrap}
.chart{display:grid;grid-template-columns:66px minmax(0,1fr);margin-top:24px}
.axis{position:relative;height:340px;font-size:.8rem;color:var(--faint)}.axis span{position:absolute;right:8px;transform:translateY(-50%);white-space:nowrap}
.plot{position:relative}.grid,.overlay{position:absolute;left:0;right:0;top:0;height:340px;pointer-events:none}
.grid i,.limit{position:absolute;left:0;right:0;border-top:1px solid var(--line)}.limit{border-top:2px dashed var(--bad);box-shadow:0 0 0 1px color-mix(in srgb,var(--paper) 60%,transparent)}
.limit-text{position:absolute;right:4px;color:var(--bad);font-size:.85rem;font-weight:600;background:var(--paper);padding:0 4px;margin-bottom:3px}
.process{position:absolute;left:0;right:0;background:var(--ink);opacity:.13}
.scroller{position:relative;overflow-x:auto;overflow-y:hidden}.scroller:focus-visible,button:focus-visible,summary:focus-visible,.scroll:focus-visible,pre:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.canvas{position:relative;width:100%;height:392px}.canvas svg{position:absolute;left:0;top:0;width:100%;height:340px;display:block}
.peaks{position:absolute;left:0;right:0;top:0;height:340px;pointer-events:none}.part{position:absolute;top:0;height:392px}.marks{position:absolute;inset:0 0 52px}.marks i{position:absolute;top:0;bottom:0;background:var(--accent);opacity:.28}
.bands{position:absolute;top:340px;left:0;right:0;height:22px}
.bands span{position:absolute;top:0;height:22px;background:var(--raised);border:1px solid var(--line);font-size:.8rem;line-height:20px;text-align:center;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}
.part-title{position:absolute;top:366px;font-size:.85rem;color:var(--faint);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:100%}
.peak{position:absolute;width:9px;height:9px;margin:-5px 0 0 -5px;border-radius:50%;background:var(--paper);border:2px solid var(--ink)}
.peak-label{position:absolute;font-size:.85rem;line-height:1.25;font-weight:600;max-width:300px;background:color-mix(in srgb,var(--paper) 82%,transparent);padding:1px 4px;border-radius:3px;pointer-events:none}
.cursor{position:absolute;top:0;height:340px;border-left:1px solid var(--ink);pointer-events:none}
.tools{flex-wrap:wrap;margin:.4rem 0 -12px;display:flex;gap:6px;justify-content:flex-end}.tools[hidden]{display:none}
.tools button{font:inherit;font-size:.85rem;color:var(--ink);background:var(--raised);border:1px solid var(--line);border-radius:5px;padding:2px 10px;cursor:pointer}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:.6rem 0;padding:0;font-size:.9rem}.legend i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:6px}
.legend .sample-process{background:var(--ink);opacity:.2}.legend .sample-limit{height:0;width:18px;border-radius:0;border-top:2px dashed var(--bad);vertical-align:middle}
.panel{background:var(--raised);border:1px solid var(--line);border-radius:6px;padding:10px 14px;margin:.6rem 0;font-size:.9rem}.panel ul{margin:.3rem 0 0;padding:0;list-style:none}
.panel i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:7px}.panel b{display:inline-block;min-width:76px;font-variant-numeric:tabular-nums}
#alive{min-height:17.5rem}#alive[hidden]{display:none}
.icicle{position:relative;overflow:hidden}.cell{position:absolute;height:25px;border:0;border-right:1px solid var(--paper);padding:0 0 0 5px;font:inherit;font-size:.8rem;line-height:25px;text-align:left;color:#1d1a16;overflow:hidden;white-space:nowrap;border-radius:0;cursor:pointer}
.cell span{display:block;overflow:hidden;text-overflow:ellipsis}.cell:focus-visible{outline-offset:-2px}
.c-whole{background:#d3d8dd}.c-network{background:#f7cf9f}.c-network.odd{background:#f2b878}.c-loss{background:#eea6b1}.c-rest{background:#a9c6e8}.cell[aria-pressed=true]{box-shadow:inset 0 0 0 2px #1d1a16}
summary{cursor:pointer;margin:.8rem 0;color:var(--accent)}
.row{margin:.6rem 0}.row-title{margin-bottom:2px}.stack{position:relative;display:flex;height:22px;background:var(--raised);border-radius:3px}.stack i{display:block;height:100%}.stack .others{background:var(--faint);opacity:.45}
.limit-mark{position:absolute;top:-4px;bottom:-4px;border-left:2px dashed var(--bad)}
#assumptions li{margin:.2rem 0;overflow-wrap:anywhere}#assumptions ul{padding-left:1.2em}
@media(max-width:640px){main{padding:16px 12px 48px}.overlay .limit-text{display:none}.peak-label{max-width:170px;font-size:.75rem}.chart{grid-template-columns:58px minmax(0,1fr)}.bar{width:90px}th,td{padding-right:10px}.bands span{font-size:.7rem}}
@media(forced-colors:active){path,.legend i,.bar span,.stack i,.cell{forced-color-adjust:none}}
@media print{.tools,.cursor,.panel{display:none}}`;
