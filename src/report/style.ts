/** Steps of a colour scale on either side of 0. */
const STEPS = 16;

/**
 * The colour of a number between −1 and 1: the page's own at 0, in light and in dark, and stronger to either side; that
 * of what is no number is undefined.
 */
export function divergingColor(value: number): string {
  if (Number.isNaN(value)) return 'none';
  const step = Math.round(STEPS * Math.max(-1, Math.min(1, value)));
  return `var(--${step < 0 ? 'less' : 'more'}-${Math.abs(step)})`;
}

/** The variables that {@link divergingColor} names. */
function scale(): string {
  const of = (name: string, step: number) =>
    `--${name}-${step}: color-mix(in oklab, var(--${name}) ${(100 * step) / STEPS}%, var(--zero));`;
  return Array.from({ length: STEPS + 1 }, (_, step) => `${of('less', step)} ${of('more', step)}`).join(' ');
}

/** The page's style sheet: light or dark as the reader's system is, and plain when printed. */
export const pageStyle = (): string => `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #5b6470; --line: #d9dee4; --card: #ffffff; --page: #f5f6f8; --good: #0072b2; --warn: #a86b00; --bad: #b34700; --op-0: #9aa4b0; --op-1: #838b95; --op-2: #3f9fd6; --op-3: #0a5c99; --op-4: #e09b00; --op-5: #c75000; --op-6: #00875f; --op-7: #b85c96; --zero: #f3f4f6; --less: #b34700; --more: #0a5c99; ${scale()} }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #9aa4b0; --line: #353c45; --card: #1c2127; --page: #13171b; --good: #62b5e5; --warn: #e6b450; --bad: #ff9455; --op-1: #9aa4b0; --op-2: #7cc8f2; --op-3: #3d93d6; --op-4: #f0b93a; --op-5: #ff8a4a; --op-6: #2fbf93; --op-7: #e08dbf; --zero: #242a32; --less: #ff9455; --more: #3d93d6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 48px 24px 96px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 16px; }
h2 { font-size: 20px; margin: 56px 0 16px; }
h3 { font-size: 17px; margin: 0 0 2px; }
h1, h2, h3, strong { overflow-wrap: anywhere; }
p { max-width: 72ch; margin: 0 0 16px; }
.quiet { color: var(--quiet); }
.small { font-size: 14px; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 12px 24px; margin: 28px 0 0; }
dt { color: var(--quiet); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 24px; margin: 0 0 24px; overflow-x: auto; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--quiet); }
th, td { padding: 9px 14px 9px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; } .scroll table { min-width: max-content; }
.scroll th:first-child, .scroll td:first-child { position: sticky; left: 0; max-width: 40vw; background: var(--card); }
.badge { font-size: 13px; font-weight: 600; white-space: nowrap; }
.badge::before { content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: currentColor; margin-right: 7px; }
.resolved { color: var(--good); } .lower-bound { color: var(--warn); } .indefinite { color: var(--bad); }
.charts { display: flex; flex-wrap: wrap; gap: 12px 40px; margin-top: 18px; }
figure { margin: 0; min-width: 0; max-width: 100%; }
.charts figure { display: flex; flex-direction: column; }
figcaption { font-size: 14px; font-weight: 600; margin-bottom: 4px; }
svg { max-width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
.scatter { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 24px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 14px; margin: 0 0 14px; padding: 0; list-style: none; }
.legend span { display: inline-block; width: 22px; height: 4px; border-radius: 2px; margin-right: 8px; vertical-align: middle; }
.strip { display: flex; flex-wrap: wrap; gap: 16px 28px; }
details { margin-top: 16px; font-size: 14px; }
summary { cursor: pointer; color: var(--quiet); }
.gone td { color: var(--bad); }
@media (max-width: 640px) {
  .wide { display: none; } .narrow { display: block; }
  main { padding: 24px 12px 48px; } .card { padding: 16px 14px; } h1 { font-size: 24px; } h2 { margin-top: 36px; }
  dl { grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
  th, td { padding: 7px 12px 7px 0; font-size: 14px; }
}
@media print { body { background: none; } main { padding: 0; } .card { border: 0; padding: 0; } }
`;
