import { computed, effect, signal } from '@preact/signals';
import { embedded, link } from './link.ts';

/** What `data-theme` of the root element says; style.css holds the colours of each. */
export type Theme = 'light' | 'dark';

const KEY = 'ntkit-theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const chosen = signal<Theme | undefined>(stored());
const systemIsDark = signal(system.matches);
system.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));

const print = matchMedia('print');
const isPrinted = signal(print.matches);
print.addEventListener('change', ({ matches }) => (isPrinted.value = matches));

/** The theme of the page around this one, which its link names. */
const surrounding = computed<Theme | undefined>(() => {
  if (!embedded.value) return undefined;
  const named = link.value.query.get('theme');
  return named === 'light' || named === 'dark' ? named : undefined;
});

/** The theme that is shown: what canvases and plots draw by. Paper is light. */
export const theme = computed<Theme>(() => {
  if (isPrinted.value) return 'light';
  return surrounding.value ?? chosen.value ?? (systemIsDark.value ? 'dark' : 'light');
});

/** Chooses the other theme, for this and later visits. */
export function toggleTheme(): void {
  const next: Theme = theme.peek() === 'dark' ? 'light' : 'dark';
  chosen.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Where the browser allows no storage, the choice lasts as long as the page.
  }
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** The choice of an earlier visit. */
function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}
