/** What the stream of `/api/watch` tells, and that it is not there any more. */
export type LiveEvent =
  | { kind: 'revision'; project: string; config: string; revision: number }
  | { kind: 'gone'; project: string; config: string }
  /** Everything was told that there is now. */
  | { kind: 'synced' }
  | { kind: 'lost' };

/** What a page should load again; `unsure` is what was loaded before all was told, unless its revision says that it is so still. */
export type Stale = 'nothing' | 'session' | 'everything' | 'unsure' | { project: string };

/** Which revision a config has, as it was told. */
type Told = Extract<LiveEvent, { kind: 'revision' }>;

/** Follows the stream, and tells what of a page it makes stale. */
export class Follower {
  readonly #revisions = new Map<string, number>();
  #state: 'new' | 'up' | 'lost' = 'new';

  /** Whether the stream was there, and is not. */
  get isLost(): boolean {
    return this.#state === 'lost';
  }

  take(event: LiveEvent): Stale {
    switch (event.kind) {
      case 'revision': {
        const { project, config, revision } = event;
        const path = `${project}/${config}`;
        const known = this.#revisions.get(path);
        this.#revisions.set(path, revision);
        // Before all was told, what is not known need not be new.
        if (known === undefined) return this.#state === 'up' ? 'everything' : 'nothing';
        return known === revision ? 'nothing' : { project };
      }
      case 'gone':
        this.#revisions.delete(`${event.project}/${event.config}`);
        return 'everything';
      case 'synced': {
        const before = this.#state;
        this.#state = 'up';
        if (before === 'new') return 'unsure';
        // Members, tokens and settings have no revisions: after a break, each may have changed.
        return before === 'lost' ? 'everything' : 'nothing';
      }
      case 'lost':
        this.#state = 'lost';
        // It ends with the session, which only a request can tell.
        return 'session';
    }
  }

  /** The revisions that there are. */
  revisions(): Told[] {
    return [...this.#revisions].map(([path, revision]) => {
      const [project = '', config = ''] = path.split('/');
      return { kind: 'revision', project, config, revision };
    });
  }

  /** What tells another tab all that this one knows. */
  replay(): LiveEvent[] {
    const events = this.revisions();
    switch (this.#state) {
      case 'new':
        return events;
      case 'up':
        return [...events, { kind: 'synced' }];
      case 'lost':
        return [...events, { kind: 'lost' }];
    }
  }
}
