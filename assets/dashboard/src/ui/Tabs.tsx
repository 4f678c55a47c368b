import MuiTab from '@mui/material/Tab';
import MuiTabs from '@mui/material/Tabs';
import { Themed } from './mui/Themed';

export interface Tab {
  value: string;
  label: string;
}

interface TabsProps {
  label: string;
  tabs: Tab[];
  value: string;
  onChange: (value: string) => void;
  /** Prefix of the ids that tie a tab to its panel. */
  id: string;
}

export function Tabs({ label, tabs, value, onChange, id }: TabsProps) {
  return (
    <Themed>
      <MuiTabs
        value={value}
        onChange={(_, next: string) => onChange(next)}
        aria-label={label}
        variant="scrollable"
        scrollButtons={false}
        sx={{
          minHeight: 40,
          '& .MuiTab-root': {
            minHeight: { xs: 44, sm: 40 },
            minWidth: 0,
            px: 1.5,
            py: 0,
            textTransform: 'none',
            fontWeight: 600,
            fontSize: 14,
            letterSpacing: 0,
          },
          '& .MuiTab-root.Mui-focusVisible': { outline: '2px solid var(--primary)', outlineOffset: '-2px' },
        }}
      >
        {tabs.map((tab) => (
          <MuiTab
            key={tab.value}
            value={tab.value}
            label={tab.label}
            id={`${id}-tab-${tab.value}`}
            aria-controls={value === tab.value ? `${id}-panel` : undefined}
          />
        ))}
      </MuiTabs>
    </Themed>
  );
}

export function TabPanel({ id, value, children }: { id: string; value: string; children: React.ReactNode }) {
  return (
    <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-tab-${value}`}>
      {children}
    </div>
  );
}
