import type { ComponentType } from 'preact';

/** A room of the laboratory: a page of its own, loaded when it is entered. */
export interface Room {
  /** Its name in the link: `#/cell`. */
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: ComponentType }>;
}

/** The rooms, in the order of the navigation; the first is where the laboratory opens. */
export const ROOMS: readonly Room[] = [
  { name: 'cell', title: 'Cell', load: () => import('./cell/index.tsx') },
  { name: 'training', title: 'Training', load: () => import('./training/index.tsx') },
  { name: 'network', title: 'Your network', load: () => import('./network/index.tsx') },
];
