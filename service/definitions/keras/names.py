"""The names of Keras's own layers, functions and optimizers, without case and punctuation.

One of them that this service does not have is refused as that; nothing that is spelt alike is suggested in its place.
"""

_WORDS = """
    accuracy activation activityregularization adadelta adafactor adagrad adam adamax adamw
    adaptiveaveragepooling1d adaptiveaveragepooling2d adaptiveaveragepooling3d adaptivemaxpooling1d
    adaptivemaxpooling2d adaptivemaxpooling3d add additiveattention alphadropout attention auc augmix
    autocontrast average averagepooling1d averagepooling2d averagepooling3d avgpool1d avgpool2d avgpool3d
    batchnormalization bidirectional binaryaccuracy binarycrossentropy binaryfocalcrossentropy binaryiou
    categoricalaccuracy categoricalcrossentropy categoricalfocalcrossentropy categoricalgeneralizedcrossentropy
    categoricalhinge categoryencoding celu centercrop circle concatenate concordancecorrelation constant
    constraint contrastlimitedadaptivehistogramequalization conv1d conv1dtranspose conv2d conv2dtranspose conv3d
    conv3dtranspose convlstm1d convlstm2d convlstm3d convolution1d convolution1dtranspose convolution2d
    convolution2dtranspose convolution3d convolution3dtranspose cosinesimilarity cropping1d cropping2d
    cropping3d ctc cudnngru cudnnlstm cutmix dense depthwiseconv1d depthwiseconv2d dice discretization dot
    dropout einsumdense elu embedding equalization exponential f1score falsenegatives falsepositives fbetascore
    flatten flaxlayer ftrl functional gaussiandropout gaussiannoise gelu globalaveragepooling1d
    globalaveragepooling2d globalaveragepooling3d globalavgpool1d globalavgpool2d globalavgpool3d
    globalmaxpool1d globalmaxpool2d globalmaxpool3d globalmaxpooling1d globalmaxpooling2d globalmaxpooling3d
    glorotnormal glorotuniform glu groupnormalization groupqueryattention gru grucell hardshrink hardsigmoid
    hardsilu hardswish hardtanh hashedcrossing hashing henormal heuniform hinge huber identity
    identityinitializer initializer input inputlayer inputspec integerlookup iou jaxlayer kldivergence l1 l1l2
    l2 lamb lambda layer layernormalization leakyrelu lecunnormal lecununiform linear lion locallyconnected1d
    logcosh logcosherror logsigmoid logsoftmax loss lossscaleoptimizer lstm lstmcell masking maximum maxnorm
    maxnumboundingboxes maxpool1d maxpool2d maxpool3d maxpooling1d maxpooling2d maxpooling3d mean
    meanabsoluteerror meanabsolutepercentageerror meaniou meanmetricwrapper meansquarederror
    meansquaredlogarithmicerror melspectrogram metric minimum minmaxnorm mish mixup model multiheadattention
    multioptimizer multiply muon nadam nonneg normalization onehotiou onehotmeaniou ones optimizer optimizermap
    orthogonal orthogonalinitializer orthogonalregularizer pearsoncorrelation permute pipeline poisson precision
    precisionatrecall prelu r2score randaugment randombrightness randomcolordegeneration randomcolorjitter
    randomcontrast randomcrop randomelastictransform randomerasing randomflip randomgaussianblur randomgrayscale
    randomhue randominvert randomnormal randomperspective randomposterization randomrotation randomsaturation
    randomsharpness randomshear randomtranslation randomuniform randomzoom recall recallatprecision regularizer
    relu relu6 repeatvector rescaling reshape resizing reversibleembedding rmsnormalization rmsprop rnn
    rootmeansquarederror schedulefreeadamw selu sensitivityatspecificity separableconv1d separableconv2d
    separableconvolution1d separableconvolution2d sgd sigmoid silu simplernn simplernncell softmax softplus
    softshrink softsign solarization sparsecategoricalaccuracy sparsecategoricalcrossentropy sparsemax
    sparseplus sparsesigmoid sparsetopkcategoricalaccuracy spatialdropout1d spatialdropout2d spatialdropout3d
    specificityatsensitivity spectralnormalization squaredhinge squareplus stackedrnncells stft stftinitializer
    stftspectrogram stringlookup subtract sum swish tanh tanhshrink ternarydense textvectorization tfsmlayer
    threshold thresholdedrelu timedistributed topkcategoricalaccuracy torchmodulewrapper truenegatives
    truepositives truncatednormal tversky unitnorm unitnormalization upsampling1d upsampling2d upsampling3d
    variancescaling wrapper zeropadding1d zeropadding2d zeropadding3d zeros
"""
NAMES = frozenset(_WORDS.split())
