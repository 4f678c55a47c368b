// What the appliance says of itself: one card for each side of it.
import type { MirrorState, SystemState } from '../api/types';
import { formatBytes, formatCount, formatDuration, formatPercent } from '../lib/format';
import { Fact } from '../ui/Fact';
import { Section } from '../ui/Section';
import { Time } from '../ui/Time';
import { t } from './strings';

const SHORT_DAYS = 14;
const SHORT_PERCENT = 10;

export function SystemFacts({ system }: { system: SystemState }) {
  return (
    <div className="system-cards">
      <Appliance system={system} />
      <Storage storage={system.storage} />
      <Security system={system} />
      {system.mirror && <Mirror mirror={system.mirror} />}
    </div>
  );
}

function Appliance({ system }: { system: SystemState }) {
  return (
    <Section title={t('appliance')}>
      <dl className="facts">
        <Fact name={t('version')}>{system.version}</Fact>
        <Fact name={t('started')}>
          <Time value={system.started_at} />
        </Fact>
        <Fact name={t('uptime')}>{formatDuration(system.uptime_seconds)}</Fact>
        <Fact name={t('lastStop')}>{t(system.recovered ? 'unclean' : 'clean')}</Fact>
        <Fact name={t('sqlite')}>{system.sqlite_version}</Fact>
        <Fact name={t('dataDir')}>
          <span className="mono">{system.storage.data_dir}</span>
        </Fact>
      </dl>
    </Section>
  );
}

function Storage({ storage }: { storage: SystemState['storage'] }) {
  const { segments } = storage;
  const wrong = segments.damaged + segments.missing > 0;
  return (
    <Section title={t('storage')}>
      <DiskMeter free={storage.disk_free_bytes} total={storage.disk_total_bytes} />
      <dl className="facts">
        <Fact name={t('forecast')}>
          <Forecast forecast={storage.forecast} />
        </Fact>
        <Fact name={t('registrySize')}>{formatBytes(storage.registry_bytes)}</Fact>
        <Fact name={t('metricsSize')}>{formatBytes(storage.hot_bytes)}</Fact>
        <Fact name={t('segmentsSize')}>{t('segmentsOf', { size: formatBytes(segments.bytes), n: segments.count })}</Fact>
        <Fact name={t('segmentsWrong')}>
          {wrong && (
            <strong className="settings-failed">
              {t('segmentsWrongOf', { damaged: formatCount(segments.damaged), missing: formatCount(segments.missing) })}
            </strong>
          )}
        </Fact>
        <Fact name={t('oldestMetric')}>{segments.oldest && <Time value={segments.oldest} />}</Fact>
        <Fact name={t('logsSize')}>{formatBytes(storage.logs_bytes)}</Fact>
      </dl>
    </Section>
  );
}

function DiskMeter({ free, total }: { free: number; total: number }) {
  const used = total > 0 ? (100 * (total - free)) / total : 0;
  const text = t('diskFree', { free: formatBytes(free), total: formatBytes(total) });
  return (
    <div className="disk">
      <div
        role="meter"
        aria-label={t('diskUsed')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(used)}
        aria-valuetext={text}
        className={100 - used < SHORT_PERCENT ? 'progress disk-short' : 'progress'}
      >
        <span className="disk-used" style={{ width: `${used}%` }} />
      </div>
      <p>
        {text} <span className="meta">{t('diskPart', { part: formatPercent(used, 0) })}</span>
      </p>
    </div>
  );
}

function Forecast({ forecast }: { forecast: SystemState['storage']['forecast'] }) {
  if (!forecast) return t('forecastNone');
  const { days_left: days, bytes_per_day: rate } = forecast;
  if (days == null) return t('forecastStill');
  const text = t('forecastDays', { n: Math.floor(days), rate: formatBytes(rate) });
  return days < SHORT_DAYS ? <strong className="settings-failed">{text}</strong> : text;
}

function Security({ system: { keys, tls } }: { system: SystemState }) {
  return (
    <Section title={t('security')}>
      <dl className="facts">
        <Fact name={t('rootKey')}>{String(keys.root_keys.at(-1) ?? '')}</Fact>
        <Fact name={t('algorithm')}>
          <span className="mono">{keys.algorithm}</span>
        </Fact>
        {tls ? (
          <>
            <Fact name={t('certificateFrom')}>{t(tls.source === 'internal' ? 'fromAuthority' : 'fromSite')}</Fact>
            <Fact name={t('certificateUntil')}>
              <Time value={tls.certificate.not_after} />
            </Fact>
            <Fact name={t('authorityHash')}>
              <span className="mono">{tls.authority.sha256}</span>
            </Fact>
          </>
        ) : (
          <Fact name={t('encryption')}>{t('noTls')}</Fact>
        )}
      </dl>
    </Section>
  );
}

function Mirror({ mirror }: { mirror: MirrorState }) {
  return (
    <Section title={t('mirror')} className="system-wide">
      {mirror.last_error && <p className="settings-failed system-error">{t('mirrorError', { why: mirror.last_error })}</p>}
      <dl className="facts">
        <Fact name={t('mirrorState')}>
          {mirror.connected ? t('mirrorConnected') : <strong className="settings-failed">{t('mirrorAway')}</strong>}
        </Fact>
        <Fact name={t('mirrorSince')}>{mirror.connected_since && <Time value={mirror.connected_since} />}</Fact>
        <Fact name={t('mirrorSite')}>{mirror.site_id}</Fact>
        <Fact name={t('mirrorTarget')}>
          <span className="mono">{mirror.target}</span>
        </Fact>
        <Fact name={t('mirrorServer')}>{mirror.server_version}</Fact>
        <Fact name={t('mirrorBehind')}>{formatCount(mirror.documents_behind)}</Fact>
        <Fact name={t('mirrorLag')}>{formatDuration(mirror.seconds_behind)}</Fact>
        <Fact name={t('mirrorPast')}>{t(mirror.filling ? 'mirrorFilling' : 'mirrorFilled')}</Fact>
        <Fact name={t('mirrorLast')}>{mirror.last_mirrored_at && <Time value={mirror.last_mirrored_at} />}</Fact>
        <Fact name={t('mirrorLost')}>
          {mirror.documents_lost > 0 && <strong className="settings-failed">{formatCount(mirror.documents_lost)}</strong>}
        </Fact>
      </dl>
    </Section>
  );
}
