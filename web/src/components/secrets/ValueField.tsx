import { Textarea, type TextareaProps } from '@mantine/core';
import { type KeyboardEvent, useId, useRef } from 'react';
import { flushSync } from 'react-dom';

import { chosen, type Option } from './completion.ts';
import { problemWithValue } from './drafts.ts';
import { optionId, ReferenceList } from './ReferenceList.tsx';
import type { Place } from './references.ts';
import classes from './values.module.css';
import words from './words.module.css';
import { useCompletion } from './useCompletion.ts';

interface Props extends Pick<TextareaProps, 'label' | 'aria-label' | 'autoFocus' | 'minRows'> {
  place: Place;
  text: string;
  setText: (text: string) => void;
  /** With Ctrl or ⌘ and Enter. */
  accept: () => void;
  /** With Esc; where it has nothing to do, the key goes on to what is around. */
  cancel?: () => void;
}

/** A field for a value: it grows with its lines, completes references, and says when the value is too long. */
export function ValueField({ place, text, setText, accept, cancel, ...field }: Props) {
  const input = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const { opened, options, active, setActive, look, close } = useCompletion(place);
  const isOpen = opened !== null && options.length > 0;

  const choose = (option: Option) => {
    if (opened === null || input.current === null) return;
    const next = chosen(text, input.current.selectionStart, opened, option);
    flushSync(() => setText(next.text));
    input.current.setSelectionRange(next.caret, next.caret);
    look(next.text, next.caret);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isKeeping = event.key === 'Enter' && (event.metaKey || event.ctrlKey);
    const option = options[active];
    const act = (doIt: () => void) => {
      event.preventDefault();
      event.stopPropagation();
      doIt();
    };
    if (isKeeping) return act(accept);
    if (isOpen && event.key === 'ArrowDown') return act(() => setActive((active + 1) % options.length));
    if (isOpen && event.key === 'ArrowUp') return act(() => setActive((active + options.length - 1) % options.length));
    if (isOpen && option && (event.key === 'Enter' || event.key === 'Tab')) return act(() => choose(option));
    if (event.key !== 'Escape') return;
    if (isOpen) act(close);
    else if (cancel) act(cancel);
  };
  return (
    <div className={classes.field}>
      <Textarea
        ref={input}
        classNames={{ input: words.mono ?? '' }}
        placeholder="empty"
        autosize
        minRows={1}
        maxRows={14}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        error={problemWithValue(text)}
        // Esc closes the list, and not the dialog that the field may be in.
        data-mantine-stop-propagation={isOpen}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={isOpen ? id : undefined}
        aria-activedescendant={isOpen ? optionId(id, active) : undefined}
        value={text}
        onChange={({ currentTarget }) => {
          setText(currentTarget.value);
          look(currentTarget.value, currentTarget.selectionStart);
        }}
        onClick={({ currentTarget }) => look(currentTarget.value, currentTarget.selectionStart)}
        onBlur={close}
        onKeyDown={onKeyDown}
        {...field}
      />
      {isOpen && <ReferenceList id={id} options={options} active={active} choose={choose} />}
    </div>
  );
}
