/** What the stream of `/api/watch` tells, and that it is not there any more. */
export type LiveEvent =
  | { kind: 'revision'; project: string; config: string; revision: number }
  | { kind: 'gone'; project: string; config: string }
  /** Everything was told that there is now. */
  | { kind: 'synced' }
  | { kind: 'lost' };

/** What a page should load again. */
export type Stale = 'nothing' | 'session' | 'everything' | { project: string };

/** Follows the stream, and tells what of a page it makes stale. */
export class Follower {
  readonly #revisions = new Map<string, number>();
  readonly #held: (project: string, config: string) => number | undefined;
  #state: 'new' | 'up' | 'lost' = 'new';

  /** `held` tells which revision of a config the page has loaded already. */
  constructor(held: (project: string, config: string) => number | undefined) {
    this.#held = held;
  }

  /** Whether the stream was there, and is not. */
  get isLost(): boolean {
    return this.#state === 'lost';
  }

  take(event: LiveEvent): Stale {
    switch (event.kind) {
      case 'revision': {
        const { project, config, revision } = event;
        const path = `${project}/${config}`;
        const known = this.#revisions.get(path) ?? this.#held(project, config);
        this.#revisions.set(path, revision);
        // Before all was told, what is not known is not new.
        if (known === undefined) return this.#state === 'up' ? 'everything' : 'nothing';
        return known === revision ? 'nothing' : { project };
      }
      case 'gone':
        this.#revisions.delete(`${event.project}/${event.config}`);
        return 'everything';
      case 'synced': {
        // Members, tokens and settings have no revisions: after a break, each may have changed.
        const stale = this.#state === 'lost' ? 'everything' : 'nothing';
        this.#state = 'up';
        return stale;
      }
      case 'lost':
        this.#state = 'lost';
        // It ends with the session, which only a request can tell.
        return 'session';
    }
  }

  /** What tells another tab all that this one knows. */
  replay(): LiveEvent[] {
    const events: LiveEvent[] = [...this.#revisions].map(([path, revision]) => {
      const [project = '', config = ''] = path.split('/');
      return { kind: 'revision', project, config, revision };
    });
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
