// MUI draws menus, dialogs, tabs and pickers with the tokens of tokens.css,
// so that a change of theme is one attribute on the root element.
import { createTheme } from '@mui/material/styles';

export const theme = createTheme({
  cssVariables: { nativeColor: true },
  palette: {
    primary: { main: 'var(--primary)', contrastText: 'var(--on-primary)' },
    error: { main: 'var(--danger)', contrastText: 'var(--on-danger)' },
    background: { default: 'var(--bg)', paper: 'var(--surface)' },
    text: { primary: 'var(--text)', secondary: 'var(--muted)', disabled: 'var(--muted)' },
    divider: 'var(--divider)',
    action: { hover: 'var(--surface-2)', selected: 'var(--selected)', active: 'var(--text)', focus: 'var(--surface-2)' },
  },
  typography: { fontFamily: 'var(--font)', fontSize: 14, body1: { fontSize: 14, lineHeight: '20px' } },
  shape: { borderRadius: 6 },
  transitions: { duration: { shortest: 80, shorter: 100, short: 120, standard: 140, enteringScreen: 120, leavingScreen: 80 } },
  components: {
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiPaper: { styleOverrides: { root: { backgroundImage: 'none', boxShadow: 'none' } } },
    MuiPopover: { styleOverrides: { paper: { boxShadow: 'var(--overlay-shadow)', border: '1px solid var(--divider)' } } },
    MuiDialog: { styleOverrides: { paper: { boxShadow: 'var(--overlay-shadow)' } } },
    MuiBackdrop: { styleOverrides: { root: { '&:not(.MuiBackdrop-invisible)': { backgroundColor: 'var(--scrim)' } } } },
    MuiMenuItem: {
      styleOverrides: {
        root: {
          minHeight: 32,
          fontSize: 13,
          lineHeight: '20px',
          gap: 8,
          '@media (max-width: 600px)': { minHeight: 44 },
          '&.Mui-focusVisible': { outline: '2px solid var(--primary)', outlineOffset: -2 },
        },
      },
    },
    MuiAutocomplete: {
      styleOverrides: { paper: { boxShadow: 'var(--overlay-shadow)', border: '1px solid var(--divider)', fontSize: 13 } },
    },
  },
});
