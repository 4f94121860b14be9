import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  cursorType: 'pointer',
  headings: { fontWeight: '600' },
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    Modal: {
      defaultProps: { transitionProps: { duration: 100 }, centered: true, closeButtonProps: { 'aria-label': 'Close' } },
      styles: { title: { fontWeight: 600 } },
    },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } }, styles: { title: { fontWeight: 600 } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    // Mantine leaves it to the mouse.
    PasswordInput: {
      defaultProps: { visibilityToggleButtonProps: { 'aria-label': 'Show what is typed', tabIndex: 0 } },
    },
    Tooltip: { defaultProps: { openDelay: 400, events: { hover: true, focus: true, touch: false } } },
  },
});

/** Mantine's quiet text is too pale to be read by everybody: here every pair has 4.5:1. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5b636b',
    '--mantine-color-placeholder': '#6a7178',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-indigo-light-color': '#364fc7',
    '--mantine-color-indigo-light-hover': '#e3e9fc',
    '--ssm-line': '#e6e8eb',
    '--ssm-hover': '#f6f7f9',
    '--ssm-new': '#216e31',
    '--ssm-changed': '#364fc7',
    '--ssm-removed': '#b42020',
    '--ssm-attention': '#8a5300',
    '--ssm-new-tint': '#eefaf0',
    '--ssm-new-mark': '#b9ecc3',
    '--ssm-removed-tint': '#fdf0f0',
    '--ssm-removed-mark': '#f8c9c9',
    '--ssm-marked': '#eef1fd',
  },
  dark: {
    '--mantine-color-dimmed': '#a6abb2',
    '--mantine-color-placeholder': '#9096a0',
    '--mantine-color-error': '#ff8787',
    '--mantine-color-body': '#17181b',
    '--ssm-line': '#2e3136',
    '--ssm-hover': '#1f2125',
    '--ssm-new': '#69db7c',
    '--ssm-changed': '#91a7ff',
    '--ssm-removed': '#ff8787',
    '--ssm-attention': '#ffc078',
    '--ssm-new-tint': '#16261a',
    '--ssm-new-mark': '#24522f',
    '--ssm-removed-tint': '#2b1a1b',
    '--ssm-removed-mark': '#632a2d',
    '--ssm-marked': '#1e2438',
  },
});
