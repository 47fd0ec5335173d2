import { parseTracking, sourceOfVendor } from './time-source.js';

const TRACKING =
  'A9FEA97B,169.254.169.123,4,1700000000.123456789,-0.000012000,-0.000005000,0.000020000,-3.500,0.001,0.050,0.000400000,0.000300000,16.1,Normal';

describe('where a machine has its time from', () => {
  it('is read from what chrony says, with a bound on its error', () => {
    expect(parseTracking(TRACKING)).toEqual({ stratum: 4, uncertaintyNs: 512_000 });
  });

  it('is nowhere when chrony is not synchronised or says something else', () => {
    expect(parseTracking(TRACKING.replace('Normal', 'Not synchronised'))).toBeNull();
    expect(parseTracking('506 Cannot talk to daemon')).toBeNull();
    expect(parseTracking(TRACKING.replace('0.000300000', 'nan'))).toBeNull();
  });

  it('is the time service of a cloud on its machines', () => {
    expect(['Amazon EC2', 'Google', 'Microsoft Corporation', 'QEMU'].map(sourceOfVendor)).toEqual([
      'aws',
      'gcp',
      'azure',
      'chrony',
    ]);
  });
});
