import { TextInput } from '@mantine/core';

interface Props {
  placeholder: string;
  error: string | undefined;
  value: string;
  change: (slug: string) => void;
}

/** What something is called in addresses, and everywhere else. */
export function SlugInput({ placeholder, error, value, change }: Props) {
  return (
    <TextInput
      label="Name in addresses"
      description="Small letters, digits, - and _"
      placeholder={placeholder}
      data-autofocus
      required
      withAsterisk={false}
      maxLength={64}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      error={error}
      value={value}
      onChange={(event) => change(event.currentTarget.value.toLowerCase().replaceAll(' ', '-'))}
    />
  );
}
