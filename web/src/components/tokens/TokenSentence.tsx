import { Anchor, CloseButton, Select, TextInput, Tooltip } from '@mantine/core';

import classes from './sentence.module.css';
import { PlaceChoice } from './PlaceChoice.tsx';
import { lifetimes, placeInWords, type Place, type Preset, type Wish } from './wish.ts';

interface Props {
  wish: Wish;
  username: string;
  presets: { value: Preset; label: string }[];
  change: (part: Partial<Wish>) => void;
  nameError: string | undefined;
}

export function TokenSentence({ wish, username, presets, change, nameError }: Props) {
  const { isMachine, places } = wish;
  const put = (index: number, place: Place) =>
    change({ places: places.map((other, at) => (at === index ? place : other)) });
  return (
    <div className={classes.sentence}>
      <span className={classes.line}>
        {isMachine ? (
          <TextInput
            aria-label="Name of the machine"
            variant="unstyled"
            classNames={{ root: classes.part ?? '', input: classes.field ?? '' }}
            placeholder="ci"
            required
            autoFocus
            maxLength={64}
            error={nameError}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={wish.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
        ) : (
          <b>{username}</b>
        )}
        <span>may</span>
        <Part
          label="What it may do"
          data={presets}
          value={wish.preset}
          choose={(preset) => change({ preset: preset as Preset })}
        />
      </span>
      {places.map((place, index) => (
        // Places have no name of their own, and are only taken from where they stand.
        <span className={classes.line} key={index}>
          <span>{index === 0 ? 'in' : 'and in'}</span>
          <PlaceChoice place={place} isMachine={isMachine} choose={(next) => put(index, next)} nth={index} />
          {places.length > 1 && (
            <Tooltip label="Leave this place out">
              <CloseButton
                size="sm"
                aria-label={`Leave out ${placeInWords(place)}`}
                onClick={() => change({ places: places.filter((_other, at) => at !== index) })}
              />
            </Tooltip>
          )}
          {index === places.length - 1 && place.project !== null && (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => change({ places: [...places, { project: place.project, config: null }] })}
            >
              + another place
            </Anchor>
          )}
        </span>
      ))}
      <span className={classes.line}>
        <span>until</span>
        <Part
          label="Until when"
          data={lifetimes(isMachine)}
          value={wish.life}
          choose={(life) => change({ life })}
        />
        {wish.life === 'date' && (
          <TextInput
            type="date"
            aria-label="Last day"
            variant="unstyled"
            classNames={{ root: classes.part ?? '', input: classes.field ?? '' }}
            required
            value={wish.lastDay}
            onChange={(event) => change({ lastDay: event.currentTarget.value })}
          />
        )}
      </span>
    </div>
  );
}

interface PartProps {
  label: string;
  data: { value: string; label: string }[];
  value: string;
  choose: (value: string) => void;
  searchable?: boolean;
}

/** A part of the sentence that is chosen from a list. */
export function Part({ label, data, value, choose, searchable = false }: PartProps) {
  return (
    <Select
      aria-label={label}
      variant="unstyled"
      classNames={{ root: classes.part ?? '', input: `${classes.field} ${classes.chosen}` }}
      rightSectionWidth={30}
      allowDeselect={false}
      searchable={searchable}
      nothingFoundMessage="No such place"
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
      data={data}
      value={value}
      onChange={(next) => {
        if (next !== null) choose(next);
      }}
    />
  );
}
