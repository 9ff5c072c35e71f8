// A CUDA device that cannot compute: loaded ahead of torch, it lets fake tensors run forward and backward on the device
// "cuda" where there is no GPU, through the kernels, autocast lists and optimizers that torch picks for one. Nothing is
// allocated or launched, so a tensor that is not fake must not come near it.
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Registry.h>

using c10::Device, c10::DeviceIndex, c10::Stream;

namespace {

const Device THE_DEVICE(c10::DeviceType::CUDA, 0);

// One device with one stream; switching between devices and streams is switching to the same.
struct OneDevice final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::DeviceType::CUDA; }
  DeviceIndex deviceCount() const noexcept override { return 1; }
  Device getDevice() const override { return THE_DEVICE; }
  Device exchangeDevice(Device) const override { return THE_DEVICE; }
  void setDevice(Device) const override {}
  void uncheckedSetDevice(Device) const noexcept override {}
  Stream getDefaultStream(Device) const override { return Stream(Stream::DEFAULT, THE_DEVICE); }
  Stream getStream(Device) const override { return Stream(Stream::DEFAULT, THE_DEVICE); }
  Stream exchangeStream(Stream) const override { return Stream(Stream::DEFAULT, THE_DEVICE); }

  // Autograd's engine orders the streams of a backward by events.
  void record(void**, const Stream&, const DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override {}
  void destroyEvent(void*, const DeviceIndex) const noexcept override {}
};

// What torch asks before it picks a kernel: a recent cuDNN that takes every convolution and batch norm.
struct Hooks final : at::CUDAHooksInterface {
  explicit Hooks(at::CUDAHooksArgs) {}
  void init() const override {}
  bool hasCUDA() const override { return true; }
  bool hasCuDNN() const override { return true; }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return 1; }
  int getNumGPUs() const override { return 1; }
  DeviceIndex current_device() const override { return 0; }
  DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(DeviceIndex) const override {}
  DeviceIndex exchangeDevice(DeviceIndex) const override { return 0; }
  DeviceIndex maybeExchangeDevice(DeviceIndex) const override { return 0; }
  void deviceSynchronize(DeviceIndex) const override {}
  bool compiledWithCuDNN() const override { return true; }
  bool supportsDilatedConvolutionWithCuDNN() const override { return true; }
  bool supportsDepthwiseConvolutionWithCuDNN() const override { return true; }
  bool supportsBFloat16ConvolutionWithCuDNNv8() const override { return true; }
  long versionCuDNN() const override { return 91300; }
  long versionRuntimeCuDNN() const override { return 91300; }
  double batchnormMinEpsilonCuDNN() const override { return 0.0; }
};

// Runs when the library is loaded. Nothing is ever freed: torch asks until the process ends.
const bool installed = [] {
  c10::impl::device_guard_impl_registry[static_cast<size_t>(c10::DeviceType::CUDA)].store(new OneDevice);
  at::CUDAHooksRegistry()->Register(
      "CUDAHooks",
      [](at::CUDAHooksArgs args) { return std::unique_ptr<at::CUDAHooksInterface>(new Hooks(args)); },
      c10::REGISTRY_PREFERRED);
  return true;
}();

}  // namespace
