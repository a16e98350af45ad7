import { computed, effect, signal } from '@preact/signals';
import { embedded, link } from './link.ts';

/** Light, dark, or as the system is. */
export type Theme = 'light' | 'dark';

const KEY = 'ntkit-theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const chosen = signal<Theme | undefined>(stored());
const systemIsDark = signal(system.matches);
system.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));

/** The theme of the page around this one, which its link names. */
const surrounding = computed<Theme | undefined>(() => {
  if (!embedded.value) return undefined;
  const named = link.value.query.get('theme');
  return named === 'light' || named === 'dark' ? named : undefined;
});

/** The theme that is shown: what canvases and plots draw by. */
export const theme = computed<Theme>(
  () => surrounding.value ?? chosen.value ?? (systemIsDark.value ? 'dark' : 'light'),
);

/** Chooses the other theme, for this and later visits. */
export function toggleTheme(): void {
  const next: Theme = theme.peek() === 'dark' ? 'light' : 'dark';
  chosen.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A page that may store nothing forgets it.
  }
}

effect(() => {
  const shown = surrounding.value ?? chosen.value;
  if (shown !== undefined) document.documentElement.dataset.theme = shown;
});

function stored(): Theme | undefined {
  const { theme: value } = document.documentElement.dataset;
  return value === 'light' || value === 'dark' ? value : undefined;
}

/** The value of a CSS variable, such as `--good`, in the theme that is shown. */
export function cssVariable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
