import { findStructureDefect } from '../../../simulators/emr/message-structures';

describe('message structures', () => {
  it.each([
    ['ORU^R01', 'MSH PID OBR OBX'],
    ['ORU^R01', 'MSH SFT PID PD1 PV1 PV2 ORC OBR NTE OBX NTE NTE OBX OBR OBX PID OBR OBX DSC'],
    ['ORU^R01', 'MSH PID OBR OBX PRT NTE OBX PRT'],
    ['ORU^R01', 'MSH ZXX PID OBR OBX ZYY'],
    ['RAS^O17', 'MSH PID ORC RXA RXR'],
    ['RAS^O17', 'MSH PID PV1 ORC RXA RXR OBX NTE ORC RXA RXA RXR'],
    ['RAS^O17', 'MSH NTE ORC RXO NTE RXR RXA RXR'],
    ['RAS^O17', 'MSH PID ORC RXE TQ1 RXR RXA RXR'],
    ['MDM^T02', 'MSH EVN PID PV1 TXA OBX'],
    ['MDM^T10', 'MSH EVN PID PV1 ORC OBR TXA OBX NTE'],
    ['MDM^T11', 'MSH EVN PID PV1 TXA'],
    ['ACK^R01', 'MSH MSA'],
  ])('should take %s as %s', (type, segments) => {
    expect(findStructureDefect(type, segments.split(' '))).toBeUndefined();
  });

  it.each([
    ['ORU^R01', 'MSH OBR OBX', 'PID', true],
    ['ORU^R01', 'MSH PID OBX', 'OBR', true],
    ['ORU^R01', 'MSH PID', 'OBR', true],
    ['ORU^R01', 'MSH PID OBR OBX TXA', 'TXA', false],
    ['ORU^R01', 'MSH PID EVN OBR', 'EVN', false],
    ['ORU^R01', 'MSH PID PV2 OBR OBX', 'OBR', true],
    ['RAS^O17', 'MSH PID RXA RXR', 'ORC', true],
    ['RAS^O17', 'MSH PID ORC RXA', 'RXR', true],
    ['RAS^O17', 'MSH PID ORC RXR RXA', 'RXA', true],
    ['MDM^T02', 'MSH PID PV1 TXA OBX', 'EVN', true],
    ['MDM^T02', 'MSH EVN PID TXA OBX', 'PV1', true],
    ['MDM^T02', 'MSH EVN PID PV1 TXA', 'OBX', true],
    ['MDM^T11', 'MSH EVN PID PV1 TXA OBX', 'OBX', false],
  ])('should not take %s as %s', (type, segments, segment, missing) => {
    expect(findStructureDefect(type, segments.split(' '))).toEqual({ segment, missing });
  });
});
