import { signal, useSignalEffect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { currentRoom, embedded, followLinks, link, told } from './link.ts';
import { ROOMS, type Room } from './rooms/index.ts';
import { theme, toggleTheme } from './theme.ts';
import { ErrorLine } from './ui/errorLine.tsx';

followLinks();

// A file that is dropped outside of a drop zone would replace the page.
for (const type of ['dragover', 'drop'] as const) {
  addEventListener(type, (event) => {
    if (event.defaultPrevented || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  });
}

/** The room that is shown: the previous one while the next is being loaded. */
const shown = signal<{ readonly room: Room; readonly Component: ComponentType } | undefined>(undefined);
const failure = signal<string | undefined>(undefined);

/** Counts the attempts to load the room. */
const attempt = signal(0);

/** The page: its header, the navigation, and the room that the link names. */
export function App() {
  const { room: name } = link.value;
  const room = currentRoom.value;
  useSignalEffect(() => {
    const wanted = currentRoom.value;
    void attempt.value;
    failure.value = undefined;
    if (shown.peek()?.room === wanted) return;
    wanted.load().then(
      ({ default: Component }) => {
        // The link may name another room by now.
        if (currentRoom.peek() !== wanted) return;
        document.title = `${wanted.title} · ntkit lab`;
        shown.value = { room: wanted, Component };
      },
      () => {
        if (currentRoom.peek() !== wanted) return;
        failure.value = `room ${wanted.title}: could not be loaded; is this device online?`;
      },
    );
  });
  const Component = shown.value?.Component;
  const unknown = name !== '' && room.name !== name;
  return (
    <>
      {!embedded.value && <Header current={room.name} />}
      <main class="lab" id="room" tabIndex={-1}>
        {unknown && <ErrorLine message={`link: there is no room ${told(name)}; this is ${room.title}`} />}
        <ErrorLine message={failure.value} onRetry={() => (attempt.value += 1)} />
        {Component ? <Component /> : <p aria-busy="true">Loading the room</p>}
      </main>
    </>
  );
}

function Header({ current }: { readonly current: string }) {
  const other = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <header class="masthead">
      <a class="skip" href="#room" onClick={skip}>
        Skip to the room
      </a>
      <a class="brand" href="#/">
        <span class="mark" aria-hidden="true">
          Θ
        </span>
        ntkit lab
      </a>
      <nav aria-label="Rooms">
        {ROOMS.map(({ name, title }) => (
          <a key={name} href={`#/${name}`} aria-current={name === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <button type="button" class="quiet theme" onClick={toggleTheme} aria-label={`Use the ${other} theme`}>
        <span aria-hidden="true">{theme.value === 'dark' ? '☀' : '☾'}</span>
      </button>
    </header>
  );
}

/** Moves the focus without changing the hash, which is the state. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById('room')?.focus();
}
